-- Who is the primary. Every promotion (`npm run mysql -- promote`) adds a row, which replicates; the server of the highest
-- term that any server knows is the primary. No row: the one that MYSQL_PRIMARY names.
CREATE DATABASE IF NOT EXISTS replication_topology;
CREATE TABLE IF NOT EXISTS replication_topology.primary_terms (
  term BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  server_uuid CHAR(36) CHARACTER SET ascii NOT NULL,
  since DATETIME(3) NOT NULL
);
GRANT SELECT ON replication_topology.primary_terms TO sns_monitor, sns_migrator;

-- The operator who promotes and rejoins servers: may change replication and settings, and see and write no data but the
-- terms. RELOAD is for RESET REPLICA, CLONE_ADMIN for replacing the data of a server that is out of service.
CREATE USER IF NOT EXISTS sns_operator IDENTIFIED BY 'sns-development';
GRANT REPLICATION CLIENT, RELOAD, REPLICATION_SLAVE_ADMIN, SYSTEM_VARIABLES_ADMIN, CONNECTION_ADMIN, CLONE_ADMIN
  ON *.* TO sns_operator;
GRANT SELECT ON performance_schema.* TO sns_operator;
GRANT SELECT, INSERT ON replication_topology.primary_terms TO sns_operator;

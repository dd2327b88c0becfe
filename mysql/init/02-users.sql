-- Each user has the rights of one job. root has no password and only the server's own socket to come in by.
-- The passwords are those of development; a production deployment makes its own users.
-- Takes data from server to server, as they come or (BACKUP_ADMIN) all at once.
CREATE USER IF NOT EXISTS sns_replication IDENTIFIED BY 'sns-replication-development';
GRANT REPLICATION SLAVE, BACKUP_ADMIN ON *.* TO sns_replication;

CREATE USER IF NOT EXISTS sns_app IDENTIFIED BY 'sns-development';
GRANT SELECT, INSERT, UPDATE, DELETE ON sns.* TO sns_app;

CREATE USER IF NOT EXISTS sns_migrator IDENTIFIED BY 'sns-development';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON sns.* TO sns_migrator;

CREATE USER IF NOT EXISTS sns_monitor IDENTIFIED BY 'sns-development';
GRANT REPLICATION CLIENT, PROCESS ON *.* TO sns_monitor;
GRANT SELECT ON performance_schema.* TO sns_monitor;

-- Takes backups and fetches the binary log, of a replica: docs/operations.md. RELOAD is for the moment in which a dump
-- notes what it holds.
CREATE USER IF NOT EXISTS sns_backup IDENTIFIED BY 'sns-development';
GRANT RELOAD, PROCESS, REPLICATION CLIENT, REPLICATION SLAVE, BACKUP_ADMIN ON *.* TO sns_backup;
GRANT SELECT, SHOW VIEW, TRIGGER ON sns.* TO sns_backup;

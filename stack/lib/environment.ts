import type { Ports } from './ports.ts';

const PASSWORD = 'sns-development';

export const OBJECT_STORE = {
  region: 'us-east-1',
  bucket: 'sns-media',
  accessKey: 'sns-development',
  secretKey: 'sns-development-secret',
};

/** The variables that tell the application where an instance's services are. */
export function environmentOf(ports: Ports): Record<string, string> {
  const address = (port: number) => `127.0.0.1:${port}`;
  return {
    API_PORT: String(ports.api),
    WORKER_PORT: String(ports.worker),
    MYSQL_PRIMARY: address(ports.mysqlPrimary),
    MYSQL_REPLICAS: ports.mysqlReplicas.map(address).join(','),
    MYSQL_DATABASE: 'sns',
    MYSQL_USER: 'sns_app',
    MYSQL_PASSWORD: PASSWORD,
    MYSQL_MIGRATION_USER: 'sns_migrator',
    MYSQL_MIGRATION_PASSWORD: PASSWORD,
    MYSQL_MONITOR_USER: 'sns_monitor',
    MYSQL_MONITOR_PASSWORD: PASSWORD,
    MYSQL_OPERATOR_USER: 'sns_operator',
    MYSQL_OPERATOR_PASSWORD: PASSWORD,
    MYSQL_REPLICATION_USER: 'sns_replication',
    MYSQL_REPLICATION_PASSWORD: 'sns-replication-development',
    REDIS_NODES: ports.redis.map(address).join(','),
    S3_ENDPOINT: `http://${address(ports.objectStore)}`,
    S3_REGION: OBJECT_STORE.region,
    S3_BUCKET: OBJECT_STORE.bucket,
    S3_ACCESS_KEY: OBJECT_STORE.accessKey,
    S3_SECRET_KEY: OBJECT_STORE.secretKey,
  };
}

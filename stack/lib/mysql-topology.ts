import { runAsRoot, queryAsMonitor } from './mysql-client.ts';
import type { MysqlServer } from './mysql.ts';
import { ensureReplication, replicaStatus, type ReplicaStatus } from './replication.ts';

/** What a server says of itself and of who the primary is. */
interface View {
  server: MysqlServer;
  uuid: string;
  writable: boolean;
  /** GTIDs of everything that it has executed. */
  executed: string;
  /** The highest promotion that it knows of; 0 when there was none. */
  term: number;
  /** The server that was promoted then. */
  holder: string | null;
  replication: ReplicaStatus | undefined;
}

const portOf = ({ ports }: MysqlServer): number => ports[0]!;

async function viewOf(server: MysqlServer): Promise<View> {
  const [row] = await queryAsMonitor<Omit<View, 'server' | 'writable' | 'replication'> & { readOnly: number }>(
    portOf(server),
    `SELECT @@server_uuid AS uuid, @@GLOBAL.super_read_only AS readOnly, @@GLOBAL.gtid_executed AS executed,
            COALESCE(MAX(term), 0) AS term,
            (SELECT server_uuid FROM replication_topology.primary_terms ORDER BY term DESC LIMIT 1) AS holder
       FROM replication_topology.primary_terms`,
  );
  return { ...row!, server, writable: row!.readOnly === 0, replication: await replicaStatus(portOf(server)) };
}

/** The server of the highest term that any of them knows; before the first promotion the one that began as the primary. */
export function primaryOf<V extends Pick<View, 'uuid' | 'term' | 'holder'> & { server: { name: string } }>(
  views: readonly V[],
): V | undefined {
  const latest = views.reduce((highest, view) => (view.term > highest.term ? view : highest));
  if (latest.holder !== null) return views.find(({ uuid }) => uuid === latest.holder);
  return views.find(({ server }) => server.name === 'mysql-primary');
}

/** The primary among servers that all run. */
export async function findPrimary(servers: readonly MysqlServer[]): Promise<MysqlServer | undefined> {
  return primaryOf(await Promise.all(servers.map(viewOf)))?.server;
}

/**
 * Makes a server that is new, or whose primary has moved to another port, a replica of the primary. It changes no role:
 * that is what `npm run mysql` is for.
 */
export async function connectReplica(server: MysqlServer, servers: readonly MysqlServer[]): Promise<void> {
  const port = portOf(server);
  const status = await replicaStatus(port);
  if (status !== undefined && servers.some((other) => portOf(other) === status.port)) {
    return ensureReplication(port, status.port, (sql) => runAsRoot(server.dataDirectory, sql));
  }
  const own = await viewOf(server);
  if (own.writable) return;
  const primary = primaryOf(await Promise.all(servers.map(viewOf)));
  if (primary === undefined || primary.server === server) return; // its check says what is missing
  if (await hasErrantTransactions(own, primary)) return;
  await ensureReplication(port, portOf(primary.server), (sql) => runAsRoot(server.dataDirectory, sql));
}

/** Whether it has transactions that the primary does not: what it served as a primary that was not one any more. */
async function hasErrantTransactions(view: View, primary: View): Promise<boolean> {
  const [row] = await queryAsMonitor<{ isSubset: number }>(
    portOf(view.server),
    `SELECT GTID_SUBSET('${view.executed}', '${primary.executed}') AS isSubset`,
  );
  return row!.isSubset === 0;
}

/** What an operator must do before all servers are one primary and its replicas, a line each. */
export async function adviceFor(servers: readonly MysqlServer[]): Promise<string[]> {
  const views = await Promise.all(servers.map(viewOf));
  const primary = primaryOf(views);
  if (primary === undefined) return ['no server is the primary: `npm run mysql -- status`'];
  const strays = views.filter(
    (view) => view !== primary && (view.writable || view.replication?.port !== portOf(primary.server)),
  );
  return strays.map(
    ({ server }) =>
      `${server.name} does not replicate from the primary, ${primary.server.name}: ` +
      `\`npm run mysql -- rejoin 127.0.0.1:${portOf(server)}\``,
  );
}

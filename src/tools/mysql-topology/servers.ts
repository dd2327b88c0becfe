import type { AppConfig } from '../../config/app-config.js';
import { GtidSet } from './gtid-set.js';
import { MysqlServer } from './mysql-server.js';
import { isLive, type KnownServer, type LiveServer } from './server-state.js';
import { primacyOf } from './topology.js';
import { TopologyError } from './topology-error.js';

/** A server needs a moment to notice that a command which was killed is gone. */
const LOCK_SECONDS = 3;
/** A primary commits without an acknowledgement after a second (`rpl_semi_sync_source_timeout`). */
const COMMIT_SECONDS = 3;

/** The servers of the settings, those that answer with a connection each. */
export class Servers {
  private constructor(
    readonly names: readonly string[],
    private readonly connected: ReadonlyMap<string, MysqlServer>,
  ) {}

  /** @throws TopologyError when a server refuses the operator, or the settings do not name one */
  static async connect(config: AppConfig['mysql']): Promise<Servers> {
    if (config.operatorPassword === '' || config.replicationPassword === '') {
      throw new TopologyError('MYSQL_OPERATOR_PASSWORD and MYSQL_REPLICATION_PASSWORD must be set');
    }
    const addresses = [config.primary, ...config.replicas];
    const servers = await Promise.all(addresses.map((address) => MysqlServer.connect(address, config)));
    const connected = servers.flatMap((server) => (server ? [[server.name, server] as const] : []));
    return new Servers(
      addresses.map(({ host, port }) => `${host}:${port}`),
      new Map(connected),
    );
  }

  /** Before the first promotion it is the primary. */
  get configured(): string {
    return this.names[0]!;
  }

  /** @throws TopologyError when it does not answer */
  get(name: string): MysqlServer {
    const server = this.connected.get(name);
    if (!server) throw new TopologyError(`${name} does not answer`);
    return server;
  }

  /**
   * Keeps other promotions and rejoins away until {@link close}. On every server and in one order: two operators who
   * reach different servers meet on one, and only one of them goes on.
   *
   * @throws TopologyError when another one is at work
   */
  async lock(): Promise<void> {
    for (const server of this.connected.values()) {
      if (await server.lock(LOCK_SECONDS)) continue;
      throw new TopologyError(`another promotion or rejoin is at work on ${server.name}; try again when it has ended`);
    }
  }

  /** What all of them say now. The primary is read last, so that nothing which others have of it looks errant. */
  async states(): Promise<KnownServer[]> {
    const known = await Promise.all(
      this.names.map(async (name): Promise<KnownServer> => ({ name, state: await this.connected.get(name)?.state() })),
    );
    const { holder } = primacyOf(known, this.configured);
    if (holder) holder.state.executed = await this.executedBy(holder, known.filter(isLive));
    return known;
  }

  /**
   * Everything that the primary has executed. A replica may be ahead of it: it acknowledges a transaction before the primary
   * commits it (`AFTER_SYNC`), and may have executed it by then. What looks like that is waited for.
   */
  private async executedBy({ name, state }: LiveServer, servers: readonly LiveServer[]): Promise<GtidSet> {
    const primary = this.get(name);
    const known = servers.reduce((all, server) => all.union(server.state.executed), GtidSet.EMPTY);
    const ahead = known.of(state.uuid).minus(await primary.executed());
    if (!ahead.isEmpty) await primary.waitFor(ahead, COMMIT_SECONDS);
    return primary.executed();
  }

  close(): void {
    for (const server of this.connected.values()) server.close();
  }
}

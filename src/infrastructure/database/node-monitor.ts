import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import { DatabaseNodes } from './database-nodes.js';
import type { DatabaseServer } from './database-server.js';
import { choosePrimary, type PrimaryTerm } from './primary-choice.js';
import { judgeReplica, type PrimaryState, type ReplicaVerdict } from './replica-status.js';
import { ServerProbe, type SemiSync, type ServerReport } from './server-probe.js';

/** With a probe's timeout of 0.75 s, a server that fell silent is noticed within a second. */
const EVERY_MS = 250;

type Reports = ReadonlyMap<DatabaseServer, ServerReport>;

/**
 * Watches the servers: replicas that are silent, stopped or too far behind leave the rotation until they are well, a
 * silent primary loses its connections, so that requests get their 503 instead of hanging, and a promotion is followed.
 */
@Injectable()
export class NodeMonitor implements OnModuleInit, OnApplicationShutdown {
  /** What the primary said last; `undefined` while there is none or it knows nothing of it. */
  semiSync: SemiSync | undefined;
  private readonly logger = new Logger(NodeMonitor.name);
  private readonly stop = new AbortController();
  private readonly probes: ReadonlyMap<DatabaseServer, ServerProbe>;
  private readonly configured: DatabaseServer;
  /** Replicas that were well when they were looked at last. */
  private readonly serving = new Set<DatabaseServer>();
  /** Why servers serve no reads. */
  private readonly reasons = new Map<DatabaseServer, string>();
  private term?: PrimaryTerm;
  private primaryUuid?: string;
  private round?: Promise<void>;
  private loop?: Promise<void>;

  constructor(
    private readonly nodes: DatabaseNodes,
    private readonly config: AppConfig,
  ) {
    this.probes = new Map(nodes.servers.map((server) => [server, new ServerProbe(server.address, config)]));
    this.configured = nodes.servers[0]!;
    nodes.recheck = () => this.check();
  }

  /** Looks once before anything is served: the primary may be another one than the settings say. */
  async onModuleInit(): Promise<void> {
    await this.check();
    this.loop = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.loop;
    await this.round;
    for (const probe of this.probes.values()) probe.close();
  }

  private async run(): Promise<void> {
    while (!this.stop.signal.aborted) {
      await delay(EVERY_MS, undefined, { signal: this.stop.signal }).catch(() => undefined);
      if (!this.stop.signal.aborted) await this.check();
    }
  }

  /** One look at all servers; who asks while one is under way waits for that one. */
  private check(): Promise<void> {
    if (this.stop.signal.aborted) return Promise.resolve();
    this.round ??= this.look().finally(() => (this.round = undefined));
    return this.round;
  }

  private async look(): Promise<void> {
    const reports = new Map<DatabaseServer, ServerReport>();
    await Promise.all(
      [...this.probes].map(async ([server, probe]) => {
        const report = await probe.ask();
        if (report) reports.set(server, report);
        // A statement that a frozen server will never answer must not hold its request for ever.
        else server.dropConnections();
      }),
    );
    const choice = choosePrimary(reports, this.configured, this.term);
    // Before anybody is told that it is away.
    if (!choice.primary) await this.compareReplicas(reports);
    const primary = this.follow(choice, reports);
    for (const server of this.nodes.servers) {
      if (server.role === 'replica') this.judge(server, reports.get(server), primary);
    }
  }

  /** Finds out which replicas have executed all that any of them has heard of. */
  private async compareReplicas(reports: Reports): Promise<void> {
    // Not of a server that neither replicates nor was followed: what it has by itself nobody else will ever have.
    const known = [...reports].filter(([server, { replicates }]) => replicates || server.role === 'primary');
    const gtids = known.map(([, report]) => report.gtids).join(',');
    await Promise.all(
      [...reports.keys()].map(async (server) => {
        server.reads.complete = await this.probes.get(server)!.hasExecuted(gtids);
      }),
    );
  }

  private follow({ primary, term }: ReturnType<typeof choosePrimary<DatabaseServer>>, reports: Reports): PrimaryState {
    this.term = term;
    if (primary) this.primaryUuid = reports.get(primary)!.serverUuid;
    this.semiSync = primary && reports.get(primary)!.semiSync;
    if (primary && primary.role !== 'primary') {
      this.logger.warn(`${primary.name} is the primary now, by promotion ${term?.term ?? ''}`);
      this.nodes.appoint(primary);
      this.reasons.delete(primary);
    }
    const up = primary !== undefined;
    if (up !== this.nodes.primaryUp) {
      if (up) this.logger.log(`the primary ${primary.name} answers again`);
      else this.logger.error(`writes are refused: ${this.whyNoPrimary(reports)}`);
    }
    this.nodes.primaryUp = up;
    this.nodes.anyUp = reports.size > 0;
    this.nodes.primaryHasReplicas = [...reports.values()].some(({ replica }) => replica?.Replica_IO_Running === 'Yes');
    return { up, serverUuid: this.primaryUuid };
  }

  private whyNoPrimary(reports: Reports): string {
    const current = this.nodes.servers.find((server) => server.role === 'primary')!;
    if (reports.has(current)) return `${current.name} is not the primary of promotion ${this.term?.term ?? ''}`;
    return `${current.name} does not answer (${this.probes.get(current)!.failure ?? ''})`;
  }

  private judge(server: DatabaseServer, report: ServerReport | undefined, primary: PrimaryState): void {
    if (!report || primary.up) server.reads.complete = false;
    server.reads.lagSeconds = undefined;
    if (!report)
      return this.apply(server, {
        healthy: false,
        reason: `it does not answer (${this.probes.get(server)!.failure ?? ''})`,
      });
    const standing = { serves: this.serving.has(server), complete: server.reads.complete };
    this.apply(server, judgeReplica(report.replica, this.config.mysql.replicaMaxLagMs, primary, standing));
  }

  private apply(server: DatabaseServer, verdict: ReplicaVerdict): void {
    server.reads.healthy = verdict.healthy;
    if (verdict.healthy) {
      this.serving.add(server);
      server.reads.lagSeconds = verdict.lagSeconds;
      if (this.reasons.delete(server)) this.logger.log(`${server.name} serves reads again`);
      return;
    }
    this.serving.delete(server);
    // Once a transition, not once a probe; how far behind it is changes with every probe.
    if (!this.reasons.has(server)) this.logger.warn(`${server.name} serves no reads: ${verdict.reason}`);
    this.reasons.set(server, verdict.reason);
  }
}

import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import type { DatabaseNode } from './database-node.js';
import { DatabaseNodes } from './database-nodes.js';
import { ReplicationProbe } from './replication-probe.js';
import { judgeReplica, type ReplicaVerdict } from './replica-status.js';

/** With a probe's timeout of 1 s, a node that fell silent is noticed within 1.5 s, or 2.5 s when the primary is silent too. */
const EVERY_MS = 500;

/**
 * Watches the nodes: replicas that are silent, stopped or too far behind leave the rotation until they are well, and a
 * silent primary loses its connections, so that requests get their 503 instead of hanging.
 */
@Injectable()
export class NodeMonitor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(NodeMonitor.name);
  private readonly stop = new AbortController();
  private readonly reasons = new Map<DatabaseNode, string>();
  private readonly primary: ReplicationProbe;
  private readonly probes: { node: DatabaseNode; probe: ReplicationProbe }[];
  private loop?: Promise<void>;

  constructor(
    private readonly nodes: DatabaseNodes,
    private readonly config: AppConfig,
  ) {
    const { primary, replicas } = config.mysql;
    this.primary = new ReplicationProbe(primary, config);
    this.probes = nodes.replicas.map((node, index) => ({
      node,
      probe: new ReplicationProbe(replicas[index]!, config),
    }));
  }

  onApplicationBootstrap(): void {
    this.loop = this.run();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await this.loop;
    for (const probe of [this.primary, ...this.probes.map((each) => each.probe)]) probe.close();
  }

  private async run(): Promise<void> {
    while (!this.stop.signal.aborted) {
      const primaryUp = await this.primary.answers();
      // A statement that a frozen server will never answer must not hold its request for ever.
      if (!primaryUp) for (const node of [this.nodes.primary, this.nodes.primaryReads]) node.dropConnections();
      await Promise.all(this.probes.map(({ node, probe }) => this.check(node, probe, primaryUp)));
      await delay(EVERY_MS, undefined, { signal: this.stop.signal }).catch(() => undefined);
    }
  }

  private async check(node: DatabaseNode, probe: ReplicationProbe, primaryUp: boolean): Promise<void> {
    try {
      const verdict = judgeReplica(await probe.status(), this.config.mysql.replicaMaxLagMs, primaryUp);
      this.apply(node, verdict);
    } catch {
      this.apply(node, { healthy: false, reason: 'it does not answer' });
      node.dropConnections();
    }
  }

  private apply(node: DatabaseNode, verdict: ReplicaVerdict): void {
    node.healthy = verdict.healthy;
    if (verdict.healthy) {
      node.lagSeconds = verdict.lagSeconds;
      if (this.reasons.delete(node)) this.logger.log(`${node.name} serves reads again`);
      return;
    }
    // Once a transition, not once a probe; how far behind it is changes with every probe.
    if (!this.reasons.has(node)) this.logger.warn(`${node.name} serves no reads: ${verdict.reason}`);
    this.reasons.set(node, verdict.reason);
  }
}

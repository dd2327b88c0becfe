import { Injectable } from '@nestjs/common';
import { MetricFactory, type Counter, type Histogram } from '../metrics/metric-factory.js';
import { DatabaseNodes } from './database-nodes.js';
import { NodeMonitor } from './node-monitor.js';
import type { PoolFailure, PoolIdentity, PoolObserver } from './pool-observer.js';
import { statementSource } from './statement-source.js';

/** A connection that is free takes microseconds, a new one some milliseconds; 1.5 s is the limit. */
const ACQUIRE_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 1.5];
/** Statements of the transactions themselves, and whatever no repository sent. */
const NO_REPOSITORY = 'none';

/** What the servers and the pools to them tell operators. */
@Injectable()
export class DatabaseMetrics implements PoolObserver {
  private readonly statements: Counter<'role' | 'method'>;
  private readonly failures: Counter<'node' | 'pool' | 'reason'>;
  private readonly waits: Histogram<'node' | 'pool'>;

  constructor(
    metrics: MetricFactory,
    private readonly nodes: DatabaseNodes,
    monitor: NodeMonitor,
  ) {
    this.statements = metrics.counter(
      'mysql_statements_total',
      'Statements by role of the server and repository method',
      ['role', 'method'],
    );
    this.failures = metrics.counter('mysql_pool_errors_total', 'Times a pool lent no connection', [
      'node',
      'pool',
      'reason',
    ]);
    this.waits = metrics.histogram(
      'mysql_pool_acquire_seconds',
      'Time until a pool lent a connection',
      ['node', 'pool'],
      ACQUIRE_SECONDS,
    );
    for (const node of nodes.all) node.observer = this;
    this.describePools(metrics);
    this.describeServers(metrics, monitor);
  }

  acquired(pool: PoolIdentity, seconds: number): void {
    this.waits.observe({ node: pool.name, pool: pool.access }, seconds);
  }

  failed(pool: PoolIdentity, reason: PoolFailure): void {
    this.failures.inc({ node: pool.name, pool: pool.access, reason });
  }

  statement(pool: PoolIdentity): void {
    this.statements.inc({ role: this.nodes.roleOf(pool.name), method: statementSource.getStore() ?? NO_REPOSITORY });
  }

  private describePools(metrics: MetricFactory): void {
    const { nodes } = this;
    metrics.gauge('mysql_pool_size', 'Connections that a pool may open', ['node', 'pool'], function () {
      for (const { name, access, poolSize } of nodes.all) this.set({ node: name, pool: access }, poolSize);
    });
    metrics.gauge('mysql_pool_connections', 'Connections of a pool by state', ['node', 'pool', 'state'], function () {
      for (const { name, access, pool } of nodes.all) {
        this.set({ node: name, pool: access, state: 'idle' }, pool.idle);
        this.set({ node: name, pool: access, state: 'busy' }, pool.all - pool.idle);
      }
    });
    metrics.gauge('mysql_pool_waiting', 'Requests that wait for a connection', ['node', 'pool'], function () {
      for (const { name, access, pool } of nodes.all) this.set({ node: name, pool: access }, pool.waiting);
    });
  }

  private describeServers(metrics: MetricFactory, monitor: NodeMonitor): void {
    const { nodes } = this;
    metrics.gauge('mysql_primary', 'Whether this process sends writes to a server', ['node'], function () {
      for (const server of nodes.servers) this.set({ node: server.name }, server.role === 'primary' ? 1 : 0);
    });
    metrics.gauge('mysql_primary_up', 'Whether there is a primary that answers', [], function () {
      this.set(nodes.primaryUp ? 1 : 0);
    });
    metrics.gauge('mysql_replica_in_rotation', 'Whether a replica serves reads', ['node'], function () {
      this.reset(); // roles move
      for (const node of nodes.replicas) this.set({ node: node.name }, node.healthy ? 1 : 0);
    });
    metrics.gauge('mysql_replica_lag_seconds', 'How far a replica is behind, as it says itself', ['node'], function () {
      this.reset();
      for (const { name, lagSeconds } of nodes.replicas)
        if (lagSeconds !== undefined) this.set({ node: name }, lagSeconds);
    });
    metrics.gauge('mysql_semi_sync_active', 'Whether commits wait for a replica to have them', [], function () {
      this.set(monitor.semiSync?.active === true ? 1 : 0);
    });
    metrics.gauge(
      'mysql_semi_sync_unacknowledged_commits',
      'Commits since the start of the primary that did not wait for a replica',
      [],
      function () {
        if (monitor.semiSync) this.set(monitor.semiSync.unacknowledged);
      },
    );
  }
}

import { Injectable } from '@nestjs/common';
import { MetricFactory } from '../metrics/metric-factory.js';
import { DatabaseNodes } from './database-nodes.js';

/** What the nodes and their pools tell operators. */
@Injectable()
export class DatabaseMetrics {
  constructor(metrics: MetricFactory, nodes: DatabaseNodes) {
    metrics.gauge('mysql_pool_connections', 'Connections of a pool by state', ['node', 'state'], function () {
      for (const { name, pool } of nodes.all) {
        this.set({ node: name, state: 'idle' }, pool.idle);
        this.set({ node: name, state: 'busy' }, pool.all - pool.idle);
      }
    });
    metrics.gauge('mysql_pool_waiting', 'Requests that wait for a connection', ['node'], function () {
      for (const { name, pool } of nodes.all) this.set({ node: name }, pool.waiting);
    });
    metrics.gauge('mysql_replica_in_rotation', 'Whether a replica serves reads', ['node'], function () {
      for (const node of nodes.replicas) this.set({ node: node.name }, node.healthy ? 1 : 0);
    });
    metrics.gauge('mysql_replica_lag_seconds', 'How far a replica is behind, as it says itself', ['node'], function () {
      for (const { name, lagSeconds } of nodes.replicas)
        if (lagSeconds !== undefined) this.set({ node: name }, lagSeconds);
    });
  }
}

import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { RedisClients } from './redis-clients.js';

/**
 * Whether most masters of the Redis Cluster answer. An instance that has never reached Redis is not ready: its settings are
 * likely wrong. One that has lost Redis goes on without, and stays ready, with `degraded` in the details: to take every
 * instance away would make an outage of what is only slower.
 */
@Injectable()
export class RedisHealthIndicator {
  constructor(
    private readonly clients: RedisClients,
    private readonly indicators: HealthIndicatorService,
  ) {}

  async majority() {
    const indicator = this.indicators.check('redis-cluster');
    const client = this.clients.for('request');
    // Who owns slots, not who is connected: a dead master owns its slots until a replica is promoted.
    const masters = new Set(client.slots.flatMap((owners) => owners?.[0] ?? []));
    const nodes = client.nodes('master').filter((node) => masters.has(`${node.options.host}:${node.options.port}`));
    const answers = await Promise.allSettled(nodes.map((node) => node.ping()));
    const answering = answers.filter((answer) => answer.status === 'fulfilled').length;
    const details = { masters: masters.size, answering };
    if (answering * 2 > masters.size) return indicator.up(details);
    const lacking = { message: 'no majority of masters answers', ...details };
    return masters.size > 0 ? indicator.up({ ...lacking, degraded: true }) : indicator.down(lacking);
  }
}

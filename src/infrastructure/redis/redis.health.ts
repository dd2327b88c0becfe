import { Injectable } from '@nestjs/common';
import { HealthIndicatorService } from '@nestjs/terminus';
import { RedisClients } from './redis-clients.js';

/** Whether most masters of the Redis Cluster answer. */
@Injectable()
export class RedisHealthIndicator {
  constructor(
    private readonly clients: RedisClients,
    private readonly indicators: HealthIndicatorService,
  ) {}

  async majority() {
    const indicator = this.indicators.check('redis-cluster');
    const masters = this.clients.for('request').nodes('master');
    const answers = await Promise.allSettled(masters.map((node) => node.ping()));
    const up = answers.filter((answer) => answer.status === 'fulfilled').length;
    const details = { masters: masters.length, answering: up };
    if (masters.length === 0 || up * 2 <= masters.length) {
      return indicator.down({ message: 'no majority of masters answers', ...details });
    }
    return indicator.up(details);
  }
}

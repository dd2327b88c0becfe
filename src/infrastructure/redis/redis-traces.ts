import { Injectable } from '@nestjs/common';
import { activeSpan } from '../tracing/span.js';
import { RedisExecutor, type Answered, type RedisObserver } from './redis-executor.js';

/** A span for every pipeline that a node was sent as a part of a trace. Keys are left out: they name people. */
@Injectable()
export class RedisTraces implements RedisObserver {
  constructor(executor: RedisExecutor) {
    executor.observe(this);
  }

  answered({ node, traffic, commands, outcomes, seconds }: Answered): void {
    const parent = activeSpan.getStore();
    if (!parent) return;
    const names = [...new Set(commands.map(({ name }) => name))];
    const [host, port] = node.split(':');
    const attributes = {
      'db.system.name': 'redis',
      'db.operation.name': commands.length === 1 ? names[0] : `PIPELINE ${names.join(' ')}`,
      'db.operation.batch.size': commands.length > 1 ? commands.length : undefined,
      'server.address': host,
      'server.port': Number(port),
      'sns.redis.traffic': traffic,
    };
    const span = parent.call(`redis ${names.join(' ')}`, attributes, Date.now() - seconds * 1_000);
    const failed = outcomes.find(({ error }) => error);
    if (failed) span.fail(failed.error);
    span.end();
  }
}

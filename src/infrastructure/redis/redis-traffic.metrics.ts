import { Injectable } from '@nestjs/common';
import { MetricFactory, type Counter, type Histogram } from '../metrics/metric-factory.js';
import { RedisExecutor, type Answered, type RedisObserver } from './redis-executor.js';
import { isReplyError } from './redis-unavailable.error.js';

/** A node of Redis answers in a fraction of a millisecond; background work waits for 10 s at most. */
const SECONDS = [0.0002, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 10];
const COMMANDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** What the nodes of Redis tell operators, as this process sees them. */
@Injectable()
export class RedisTrafficMetrics implements RedisObserver {
  private readonly commands: Counter<'node' | 'command'>;
  private readonly errors: Counter<'node' | 'kind'>;
  private readonly seconds: Histogram<'node'>;
  private readonly sizes: Histogram<never>;

  constructor(metrics: MetricFactory, executor: RedisExecutor) {
    this.commands = metrics.counter('redis_commands_sent_total', 'Commands by node and name', ['node', 'command']);
    this.errors = metrics.counter('redis_command_errors_total', 'Commands refused, or without an answer', [
      'node',
      'kind',
    ]);
    this.seconds = metrics.histogram(
      'redis_pipeline_seconds',
      'Time until a node answered a pipeline',
      ['node'],
      SECONDS,
    );
    this.sizes = metrics.histogram('redis_pipeline_commands', 'Commands of a pipeline to one node', [], COMMANDS);
    executor.observe(this);
  }

  answered({ node, commands, outcomes, seconds }: Answered): void {
    this.sizes.observe(commands.length);
    this.seconds.observe({ node }, seconds);
    const counts = new Map<string, number>();
    for (const { name } of commands) counts.set(name, (counts.get(name) ?? 0) + 1);
    for (const [command, count] of counts) this.commands.inc({ node, command }, count);
    for (const { error } of outcomes)
      if (error) this.errors.inc({ node, kind: isReplyError(error) ? 'refused' : 'unanswered' });
  }
}

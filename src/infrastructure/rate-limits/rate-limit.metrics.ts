import { Injectable } from '@nestjs/common';
import { type Counter, MetricFactory } from '../metrics/metric-factory.js';

@Injectable()
export class RateLimitMetrics {
  private readonly refusals: Counter<'policy'>;
  private readonly degradations: Counter<'policy'>;

  constructor(metrics: MetricFactory) {
    this.refusals = metrics.counter('rate_limit_refusals_total', 'Requests refused by a rate limit', ['policy']);
    this.degradations = metrics.counter(
      'rate_limit_degraded_total',
      'Requests that were not counted in Redis, because it did not answer',
      ['policy'],
    );
  }

  refused(policy: string): void {
    this.refusals.inc({ policy });
  }

  degraded(policy: string): void {
    this.degradations.inc({ policy });
  }
}

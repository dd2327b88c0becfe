import { Injectable } from '@nestjs/common';
import { MetricFactory, type Counter, type Gauge, type Histogram } from '../metrics/metric-factory.js';

/** A store nearby answers in milliseconds; a copy of a large film takes its time. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** What the object store tells operators, as this process sees it. */
@Injectable()
export class StorageMetrics {
  private readonly requests: Counter<'operation' | 'result'>;
  private readonly seconds: Histogram<'operation'>;
  private readonly up: Gauge<never>;

  constructor(metrics: MetricFactory) {
    this.requests = metrics.counter('storage_requests_total', 'Requests to the object store, repetitions included', [
      'operation',
      'result',
    ]);
    this.seconds = metrics.histogram(
      'storage_request_seconds',
      'Time until the object store had answered',
      ['operation'],
      SECONDS,
    );
    this.up = metrics.gauge(
      'storage_up',
      'Whether the object store answered when it was last asked for the bucket',
      [],
    );
    this.up.set(1); // until it is known
  }

  /** `refused`: the store answered, and it was no. */
  answered(operation: string, result: 'done' | 'refused' | 'unavailable', seconds: number): void {
    this.requests.inc({ operation, result });
    this.seconds.observe({ operation }, seconds);
  }

  isUp(up: boolean): void {
    this.up.set(up ? 1 : 0);
  }
}

import { getHeapStatistics } from 'node:v8';
import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

export type { Counter, Gauge, Histogram } from 'prom-client';

/**
 * Makes metrics in the registry of this application. A registry of its own, not prom-client's global one, so that
 * two applications in one process (tests) do not share their figures.
 */
@Injectable()
export class MetricFactory {
  readonly registry = new Registry();

  constructor() {
    collectDefaultMetrics({ register: this.registry }); // processor time, memory, heap, event loop, garbage collection
    const limit = this.gauge('nodejs_heap_limit_bytes', 'Heap at which V8 gives up');
    limit.set(getHeapStatistics().heap_size_limit);
  }

  counter<L extends string>(name: string, help: string, labelNames: readonly L[] = []): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  /** @param collect called before every scrape to set the value */
  gauge<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[] = [],
    collect?: (this: Gauge<L>) => void | Promise<void>,
  ): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers: [this.registry], ...(collect && { collect }) });
  }

  /** @param buckets upper bounds, in the unit that the name ends with */
  histogram<L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.registry] });
  }
}

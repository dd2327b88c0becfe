// Preloaded by the API that a benchmark compares with: the modules that measure are replaced by empty ones. What is left are calls of
// functions that do nothing, such as `metrics.read(hits, misses)` of a cache.
import { registerHooks } from 'node:module';

/** By the end of their address in the build. */
const EMPTY = {
  // No registry, no figures of Node, and counters that do not count.
  '/infrastructure/metrics/metric-factory.js': `
    const nothing = () => undefined;
    const figure = { inc: nothing, dec: nothing, set: nothing, observe: nothing, remove: nothing, reset: nothing,
      setToCurrentTime: nothing, startTimer: () => nothing, labels: () => figure };
    export class MetricFactory {
      registry = { metrics: () => Promise.resolve('') };
      counter() { return figure; }
      gauge() { return figure; }
      histogram() { return figure; }
    }`,
  '/infrastructure/http/http.metrics.js': 'export class HttpMetrics { watch() {} }',
  '/infrastructure/redis/redis-traffic.metrics.js': 'export class RedisTrafficMetrics {}',
  '/infrastructure/database/database.metrics.js': 'export class DatabaseMetrics {}',
  // The method that a statement is counted by.
  '/infrastructure/database/repository.decorator.js': `
    import { Injectable } from '@nestjs/common';
    export const Repository = () => Injectable();`,
};

registerHooks({
  load(url, context, nextLoad) {
    const name = Object.keys(EMPTY).find((end) => url.endsWith(end));
    if (!name) return nextLoad(url, context);
    return { format: 'module', source: EMPTY[name], shortCircuit: true };
  },
});

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Counter, Gauge, Histogram, MetricFactory } from '../metrics/metric-factory.js';

/** From a cached read to what a client gives up on; the objectives of docs/operations.md are bounds of buckets. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** Requests end at 64 kB; a page of 100 posts with media is some 200 kB. */
const BYTES = [100, 1_000, 4_000, 16_000, 64_000, 256_000, 1_000_000];
/** Of routes and methods that nobody made: clients invent any number of them. */
const UNMATCHED = 'unmatched';
const USUAL_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * What requests tell operators: rate, errors and duration by route template. Measured at the server, below Fastify, so
 * that what is refused before any route and what a client gives up on are counted as well.
 */
export class HttpMetrics {
  private readonly seconds: Histogram<'method' | 'route' | 'status'>;
  private readonly requestBytes: Histogram<'route'>;
  private readonly responseBytes: Histogram<'route'>;
  private readonly inFlight: Gauge<never>;
  private readonly aborted: Counter<'route'>;
  private readonly routes = new WeakMap<IncomingMessage, string>();

  constructor(metrics: MetricFactory) {
    this.seconds = metrics.histogram(
      'http_request_duration_seconds',
      'Time from the head of a request to the end of its answer, failures included',
      ['method', 'route', 'status'],
      SECONDS,
    );
    this.requestBytes = metrics.histogram('http_request_bytes', 'Bodies of requests, as announced', ['route'], BYTES);
    this.responseBytes = metrics.histogram('http_response_bytes', 'Bodies of answers', ['route'], BYTES);
    this.inFlight = metrics.gauge('http_requests_in_flight', 'Requests that have no answer yet');
    this.aborted = metrics.counter(
      'http_requests_aborted_total',
      'Requests whose client was gone before the answer was out; they have no duration',
      ['route'],
    );
  }

  /** Before the application listens. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, _reply, done) => {
      if (request.routeOptions.url !== undefined) this.routes.set(request.raw, request.routeOptions.url);
      done();
    });
    fastify.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      const begunMs = performance.now();
      this.inFlight.inc();
      response.once('close', () => {
        this.inFlight.dec();
        this.ended(request, response, (performance.now() - begunMs) / 1_000);
      });
    });
  }

  private ended(request: IncomingMessage, response: ServerResponse, seconds: number): void {
    const route = this.routes.get(request) ?? UNMATCHED;
    if (!response.writableFinished) return this.aborted.inc({ route });
    const method = USUAL_METHODS.has(request.method!) ? request.method! : 'other';
    this.seconds.observe({ method, route, status: String(response.statusCode) }, seconds);
    this.requestBytes.observe({ route }, Number(request.headers['content-length'] ?? 0));
    this.responseBytes.observe({ route }, Number(response.getHeader('content-length') ?? 0));
  }
}

import type { Span, SpanAttributes } from './span.js';

/** What begins outside of this process: a request, or a job of the outbox. */
export interface Beginning {
  kind: 'request' | 'job';
  name: string;
  attributes: SpanAttributes;
  /** The `traceparent` of whoever asked for it. */
  parent?: string | null | undefined;
}

/** Who makes spans and sends them to a collector. */
export interface Tracer {
  begin(beginning: Beginning): Span;
  /** Sends what has not been sent, for a bounded time. */
  close(): Promise<void>;
}

import { AsyncLocalStorage } from 'node:async_hooks';

/** Facts about a step, named as OpenTelemetry's semantic conventions name them; what is `undefined` is left out. */
export type SpanAttributes = Record<string, string | number | string[] | undefined>;

/** A step of a trace that is under way. What it is made of is known to `open-telemetry.ts` only. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  /** How somebody else goes on with the trace: the value of the header `traceparent` (W3C Trace Context). */
  readonly traceparent: string;
  /** Begins a call of something else within this step. @param begunMs epoch milliseconds; left out: now */
  call(name: string, attributes: SpanAttributes, begunMs?: number): Span;
  /** Marks the step as failed, by the kind of the error: messages may have people's data in them. */
  fail(error: unknown): void;
  end(attributes?: SpanAttributes): void;
}

/**
 * The step that is under way, wherever its asynchronous calls have come. There is none while tracing is off, in background
 * work that no event asked for, and in work that many share.
 */
export const activeSpan = new AsyncLocalStorage<Span>();

/** Runs a call as a step of the trace that it is a part of; where there is none it is only run. */
export function traced<T>(name: string, attributes: SpanAttributes, work: () => Promise<T>): Promise<T> {
  const parent = activeSpan.getStore();
  return parent ? within(parent.call(name, attributes), work) : work();
}

/** Runs work as a step that has begun, and ends it. */
export function within<T>(span: Span, work: () => Promise<T>): Promise<T> {
  return activeSpan.run(span, async () => {
    try {
      return await work();
    } catch (error) {
      span.fail(error);
      throw error;
    } finally {
      span.end();
    }
  });
}

/** Runs work that others share: it belongs to no single trace. */
export const untraced = <T>(work: () => T): T => activeSpan.exit(work);

import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import {
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  type Span as OtelSpan,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer as OtelTracer,
  TraceFlags,
} from '@opentelemetry/api';
import { parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { AppConfig } from '../../config/app-config.js';
import type { Span, SpanAttributes } from './span.js';
import type { Beginning, Tracer } from './tracer.js';

const KINDS = { request: SpanKind.SERVER, job: SpanKind.CONSUMER };
/** How long a process that ends waits for a collector, which may be away. */
const LAST_SPANS_MS = 3_000;
/** A text of SQL with a thousand rows tells no more than its beginning. */
const LONGEST_ATTRIBUTE = 2_000;

/** Makes spans with OpenTelemetry and sends them to a collector. Loaded only when tracing is on. */
export class OpenTelemetry implements Tracer {
  private readonly provider: TracerProvider;
  private readonly tracer: OtelTracer;

  constructor({ endpoint, share }: AppConfig['tracing'], service: string) {
    tellOfTrouble();
    // What the exporter reads from the environment by itself: headers, timeout, compression, certificates.
    const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
    const sampler = new TraceIdRatioBasedSampler(share);
    this.provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': service, 'service.namespace': 'sns' }).merge(
        detectResources({ detectors: [envDetector] }), // OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES
      ),
      // Also of traces that begin elsewhere: proxies pass on what clients send. The decision is made by the trace's id, so each part makes the same.
      sampler: new ParentBasedSampler({ root: sampler, remoteParentSampled: sampler }),
      spanLimits: { attributeValueLengthLimit: LONGEST_ATTRIBUTE },
      spanProcessors: [new BatchSpanProcessor({ exporter })], // 2,048 spans wait at most; further ones are dropped
    });
    this.tracer = this.provider.getTracer('sns');
  }

  begin({ kind, name, attributes, parent }: Beginning): Span {
    const remote = parent ? parseTraceParent(parent) : null;
    const context = remote ? trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true }) : ROOT_CONTEXT;
    return new TracedSpan(this.tracer, this.tracer.startSpan(name, { kind: KINDS[kind], attributes }, context));
  }

  async close(): Promise<void> {
    const late = delay(LAST_SPANS_MS, undefined, { ref: false }).then(() =>
      Promise.reject(new Error('no answer in time')),
    );
    await Promise.race([this.provider.shutdown(), late]).catch((error: unknown) => {
      diag.warn('the last spans were not sent:', error);
    });
  }
}

class TracedSpan implements Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceparent: string;

  constructor(
    private readonly tracer: OtelTracer,
    private readonly span: OtelSpan,
  ) {
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.traceId = traceId;
    this.spanId = spanId;
    this.traceparent = `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`;
  }

  call(name: string, attributes: SpanAttributes, begunMs?: number): Span {
    const options = { kind: SpanKind.CLIENT, attributes, ...(begunMs !== undefined && { startTime: begunMs }) };
    return new TracedSpan(this.tracer, this.tracer.startSpan(name, options, trace.setSpan(ROOT_CONTEXT, this.span)));
  }

  fail(error: unknown): void {
    this.span.setStatus({ code: SpanStatusCode.ERROR });
    this.span.setAttribute('error.type', kindOf(error));
  }

  end(attributes?: SpanAttributes): void {
    if (attributes) this.span.setAttributes(attributes);
    this.span.end();
  }
}

function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER';
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.name;
}

/** A collector that is away is told of once, not with every batch. */
function tellOfTrouble(): void {
  const logger = new Logger(OpenTelemetry.name);
  let told = '';
  const tell = (message: string, ...details: unknown[]): void => {
    const text = [message, ...details].map(String).join(' ');
    if (text !== told) logger.warn(`traces: ${text}`);
    told = text;
  };
  const ignore = (): void => undefined;
  diag.setLogger(
    { error: tell, warn: tell, info: ignore, debug: ignore, verbose: ignore },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}

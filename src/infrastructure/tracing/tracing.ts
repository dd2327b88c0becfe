import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { AppConfig } from '../../config/app-config.js';
import type { Span } from './span.js';
import type { Beginning, Tracer } from './tracer.js';

/** Begins traces, if the operator wants any; else nothing of OpenTelemetry is even loaded. */
@Injectable()
export class Tracing implements OnApplicationShutdown {
  private constructor(private readonly tracer?: Tracer) {}

  /** @param service what the process is called in traces, unless OTEL_SERVICE_NAME says otherwise */
  static async start({ tracing }: AppConfig, service: string): Promise<Tracing> {
    if (tracing.exporter === 'none') return new Tracing();
    const { OpenTelemetry } = await import('./open-telemetry.js');
    return new Tracing(new OpenTelemetry(tracing, service));
  }

  get isOn(): boolean {
    return this.tracer !== undefined;
  }

  /** @returns nothing while tracing is off */
  begin(beginning: Beginning): Span | undefined {
    return this.tracer?.begin(beginning);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.tracer?.close();
  }
}

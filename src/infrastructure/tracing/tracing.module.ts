import { type DynamicModule, Global, Module } from '@nestjs/common';
import { AppConfig } from '../../config/app-config.js';
import { Tracing } from './tracing.js';

@Global()
@Module({})
export class TracingModule {
  /** @param service what the process is called in traces */
  static forService(service: string): DynamicModule {
    return {
      module: TracingModule,
      providers: [
        { provide: Tracing, inject: [AppConfig], useFactory: (config: AppConfig) => Tracing.start(config, service) },
      ],
      exports: [Tracing],
    };
  }
}

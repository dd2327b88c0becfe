import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { PipelineContext } from './pipeline-context.js';
import { RedisPipelineError } from './pipeline.js';
import { REDIS_PIPELINE } from './redis-pipeline.decorator.js';

type Method = (...args: unknown[]) => unknown;

/** Puts a pipeline around every provider method that is marked with `@RedisPipeline()`. */
@Injectable()
export class RedisPipelineInterceptor implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly pipelines: PipelineContext,
  ) {}

  /** @throws RedisPipelineError for a marked method that is `async`, and so could await a command that is not sent yet */
  onModuleInit(): void {
    for (const { instance } of this.discovery.getProviders()) {
      if (typeof instance !== 'object' || instance === null) continue;
      const prototype = Object.getPrototypeOf(instance) as object | null;
      if (prototype) this.intercept(instance as Record<string, unknown>, prototype);
    }
  }

  private intercept(provider: Record<string, unknown>, prototype: object): void {
    for (const name of this.scanner.getAllMethodNames(prototype)) {
      const method = provider[name];
      if (typeof method !== 'function' || Reflect.getMetadata(REDIS_PIPELINE, method) !== true) continue;
      const fullName = `${provider.constructor.name}.${name}`;
      if (method.constructor.name === 'AsyncFunction') {
        throw new RedisPipelineError(
          `${fullName} is @RedisPipeline() and async: return the replies, await none of them`,
        );
      }
      provider[name] = (...args: unknown[]) =>
        this.pipelines.run(fullName, () => (method as Method).apply(provider, args));
    }
  }
}

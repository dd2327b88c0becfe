import { Injectable, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import type { PolicyChoice } from '../resilience/policies.js';
import { RESILIENT } from '../resilience/resilient.decorator.js';
import { PipelineContext } from './pipeline-context.js';
import { RedisPipelineError } from './pipeline.js';
import { REDIS_PIPELINE } from './redis-pipeline.decorator.js';
import { RedisResilience } from './redis-resilience.js';

type Method = (...args: unknown[]) => unknown;

/** Puts a pipeline and tries around every provider method that is marked with `@RedisPipeline()` and `@Resilient()`. */
@Injectable()
export class RedisMethodInterceptor implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly pipelines: PipelineContext,
    private readonly resilience: RedisResilience,
  ) {}

  /** @throws RedisPipelineError for a pipelined method that is `async`, and so could await a command that is not sent yet */
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
      if (typeof method !== 'function') continue;
      const fullName = `${provider.constructor.name}.${name}`;
      const isPipelined = Reflect.getMetadata(REDIS_PIPELINE, method) === true;
      const policy = Reflect.getMetadata(RESILIENT, method) as PolicyChoice | undefined;
      if (!isPipelined && !policy) continue;
      const bound = method.bind(provider) as Method;
      const inner = isPipelined ? this.pipelined(fullName, method as Method, bound) : bound;
      // Around the pipeline: the next try needs a fresh one.
      provider[name] = policy ? this.resilient(fullName, policy, inner) : inner;
    }
  }

  private pipelined(name: string, method: Method, bound: Method): Method {
    if (method.constructor.name === 'AsyncFunction') {
      throw new RedisPipelineError(`${name} is @RedisPipeline() and async: return the replies, await none of them`);
    }
    return (...args) => this.pipelines.run(name, () => bound(...args));
  }

  private resilient(name: string, policy: PolicyChoice, inner: Method): Method {
    return (...args) => {
      // Its commands go out with those of the method that called it, and so do the next tries.
      if (this.pipelines.current?.isOpen) return inner(...args);
      const chosen = typeof policy === 'function' ? policy(args) : policy;
      return this.resilience.run(name, chosen, async () => inner(...args));
    };
  }
}

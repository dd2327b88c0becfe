import { AsyncLocalStorage } from 'node:async_hooks';
import { Injectable } from '@nestjs/common';
import { Pipeline } from './pipeline.js';
import { RedisExecutor } from './redis-executor.js';

/** The pipeline of the method that runs, kept apart for concurrent calls (`AsyncLocalStorage`). */
@Injectable()
export class PipelineContext {
  private readonly pipelines = new AsyncLocalStorage<Pipeline>();

  constructor(private readonly executor: RedisExecutor) {}

  get current(): Pipeline | undefined {
    return this.pipelines.getStore();
  }

  /**
   * Runs a method with a pipeline, or in the one that is open.
   *
   * @param name of the method, for messages
   * @throws what the method throws, and the error of a command whose reply the method does not look at
   */
  run<T>(name: string, method: () => T | Promise<T>): Promise<T> {
    // Called rather than awaited, so that its commands are queued before the outer method returns.
    if (this.current?.isOpen) return new Promise((resolve) => resolve(method()));
    return this.runWith(new Pipeline(name), method);
  }

  private async runWith<T>(pipeline: Pipeline, method: () => T | Promise<T>): Promise<T> {
    const result = this.pipelines.run(pipeline, method);
    const unseen = pipeline.send(this.executor);
    // Both, because the method may be done before its commands are.
    const [value, error] = await Promise.all([result, unseen]);
    if (error) throw error;
    return value;
  }
}

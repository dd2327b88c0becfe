import type { Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppModule } from '../../src/app.module.js';
import { createApplication } from '../../src/bootstrap.js';
import type { AppConfig } from '../../src/config/app-config.js';
import { StructuredLogger } from '../../src/infrastructure/logging/structured-logger.js';
import { WorkerModule } from '../../src/worker.module.js';
import { ApiClient } from './api-client.js';
import { TestRedis } from './redis.js';
import { settle } from './settle.js';
import { testConfig, type TestEnv } from './test-config.js';
import { TestDatabase } from './test-database.js';

export interface TestAppOptions {
  /** Settings that differ from the tests' defaults. */
  env?: TestEnv;
  /** Whether a worker runs beside the API. Default: yes. */
  worker?: boolean;
}

/** The API and a worker in this process, on real ports and real services, with a schema of their own. */
export class TestApp {
  private constructor(
    readonly database: TestDatabase,
    readonly config: AppConfig,
    readonly api: ApiClient,
    readonly redis: TestRedis,
    readonly nest: NestFastifyApplication,
    private readonly worker: NestFastifyApplication | undefined,
  ) {}

  static async start({ env = {}, worker = true }: TestAppOptions = {}): Promise<TestApp> {
    const database = await TestDatabase.create();
    const config = testConfig(database.name, env);
    const nest = await listen(AppModule, config);
    const workerApp = worker ? await listen(WorkerModule, config) : undefined;
    const api = new ApiClient(urlOf(nest));
    return new TestApp(database, config, api, new TestRedis(config), nest, workerApp);
  }

  get workerNest(): NestFastifyApplication {
    if (!this.worker) throw new Error('no worker was started');
    return this.worker;
  }

  /** Address of the worker's own port. */
  get workerUrl(): string {
    return urlOf(this.workerNest);
  }

  /** A provider of the worker. */
  inWorker<T>(type: Type<T>): T {
    if (!this.worker) throw new Error('no worker was started');
    return this.worker.get(type, { strict: false });
  }

  /** Waits until the worker has done everything that was asked of it. */
  settle(): Promise<void> {
    return settle(this.database);
  }

  async close(): Promise<void> {
    await this.nest.close();
    await this.worker?.close();
    await this.redis.close();
    await this.database.drop();
  }
}

/** Starts one of our processes inside this one. */
export async function listen(
  root: typeof AppModule | typeof WorkerModule,
  config: AppConfig,
): Promise<NestFastifyApplication> {
  const name = root === WorkerModule ? 'worker' : 'api';
  const app = await createApplication(root.forRoot(config), config, new StructuredLogger(config, name));
  await app.listen(0, '127.0.0.1');
  return app;
}

export function urlOf(app: NestFastifyApplication): string {
  const address = app.getHttpServer().address();
  if (address === null || typeof address === 'string') throw new Error('the application does not listen on a port');
  return `http://127.0.0.1:${address.port}`;
}

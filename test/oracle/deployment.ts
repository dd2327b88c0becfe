import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ApiClient, type Answer, type RequestOptions } from '../support/api-client.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { until } from '../support/settle.js';

type Role = 'main' | 'worker';

/** Longest that clients go on trying: a Redis master is replaced, and a process started again, in far less. */
const PATIENCE_MS = 60_000;

/** One try of a request; without a status when no answer came. */
export interface Attempt {
  status: number | undefined;
  tookMs: number;
}

export interface DeploymentOptions {
  apis: number;
  workers: number;
  /** Every other worker has a bad network to Redis. */
  hasSlowWorkers?: boolean;
  /** Directory of the built code; that of `npm test` when it is left out. */
  build?: string | undefined;
}

/** Several API and worker processes, which can be killed and are started anew. */
export class Deployment {
  private readonly processes: Record<Role, TestProcess[]> = { main: [], worker: [] };
  private readonly all: TestProcess[] = [];
  /** Told of every try of every request. */
  onAttempt: (attempt: Attempt) => void = () => undefined;
  private requests = 0;
  private workersStarted = 0;

  private constructor(
    private readonly env: NodeJS.ProcessEnv,
    private readonly options: DeploymentOptions,
  ) {}

  static async start(env: NodeJS.ProcessEnv, options: DeploymentOptions): Promise<Deployment> {
    const deployment = new Deployment(env, options);
    const { apis, workers } = options;
    const roles: Role[] = [...Array<Role>(apis).fill('main'), ...Array<Role>(workers).fill('worker')];
    await Promise.all(roles.map((role) => deployment.add(role)));
    return deployment;
  }

  /** Ends one process of a role, and starts another one. */
  async replace(role: Role, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const victim = this.processes[role].shift()!;
    await victim.stop(signal);
    await this.add(role);
  }

  /** The first processes of a role, so many, neither answer nor refuse while `work` runs; it happens between two of their instructions. */
  async whileFrozen<T>(role: Role, count: number, work: () => Promise<T>): Promise<T> {
    const frozen = this.processes[role].slice(0, count);
    for (const process of frozen) process.freeze();
    try {
      return await work();
    } finally {
      for (const process of frozen) process.thaw();
    }
  }

  /** Address of one API. */
  get anyUrl(): string {
    return this.processes.main[0]!.url;
  }

  /**
   * Makes a request at one process after the other until it is answered with this status.
   *
   * @param onLost told of each answer that was lost: what was asked for may have been done
   * @throws Error for any other answer than 503, which asks to come back
   */
  async request<T>(
    status: number,
    method: string,
    path: string,
    options: RequestOptions,
    onLost: (sentMs: number) => void = () => undefined,
  ): Promise<Answer<T>> {
    const refusals: unknown[] = [];
    let wrong: Error | undefined;
    const answer = await until(
      async () => {
        const sentMs = Date.now();
        const begunMs = performance.now();
        const tell = (status?: number) => this.onAttempt({ status, tookMs: performance.now() - begunMs });
        try {
          const given = await this.client().request<T>(method, path, options);
          tell(given.status);
          if (given.status === status) return given;
          if (given.status !== 503) wrong = new Error(`${method} ${path}: ${given.status} ${given.text}`);
        } catch (error) {
          tell();
          onLost(sentMs);
          refusals.push(error);
        }
        return wrong && ('wrong' as const);
      },
      { what: `an answer to ${method} ${path}`, timeoutMs: PATIENCE_MS },
    );
    if (answer === 'wrong') throw wrong!;
    return answer;
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((process) => process.stop('SIGKILL')));
  }

  private client(): ApiClient {
    const apis = this.processes.main;
    return new ApiClient(apis[this.requests++ % apis.length]!.url);
  }

  private async add(role: Role): Promise<void> {
    const isSlow = this.options.hasSlowWorkers && role === 'worker' && this.workersStarted++ % 2 === 0;
    const started = await startProcess(role, { ...this.env, ...(isSlow && slowEnv(this.env)) }, [], this.options.build);
    this.all.push(started);
    await started.ready();
    this.processes[role].push(started);
  }
}

function slowEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const preload = pathToFileURL(join(import.meta.dirname, 'slow-sockets.mjs')).href;
  const ports = env['REDIS_NODES']!.split(',').map((address) => address.split(':')[1]);
  return { TEST_SLOW_PORTS: ports.join(','), NODE_OPTIONS: `${env['NODE_OPTIONS'] ?? ''} --import ${preload}` };
}

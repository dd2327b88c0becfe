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

/** Several API and worker processes, which can be killed and are started anew. */
export class Deployment {
  private readonly processes: Record<Role, TestProcess[]> = { main: [], worker: [] };
  private readonly all: TestProcess[] = [];
  /** Told of every try of every request. */
  onAttempt: (attempt: Attempt) => void = () => undefined;
  private requests = 0;

  private constructor(
    private readonly env: NodeJS.ProcessEnv,
    private readonly build: string | undefined,
  ) {}

  /** @param build directory of the built code; that of `npm test` when it is left out */
  static async start(env: NodeJS.ProcessEnv, apis: number, workers: number, build?: string): Promise<Deployment> {
    const deployment = new Deployment(env, build);
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

  /** One process of a role neither answers nor refuses while `work` runs. */
  async whileFrozen(role: Role, work: () => Promise<void>): Promise<void> {
    const victim = this.processes[role][0]!;
    process.kill(victim.pid, 'SIGSTOP');
    try {
      await work();
    } finally {
      process.kill(victim.pid, 'SIGCONT');
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
    const started = await startProcess(role, this.env, [], this.build);
    this.all.push(started);
    await started.ready();
    this.processes[role].push(started);
  }
}

// Sends requests over kept connections, so many at a time, from a thread of its own: the API's event loop is its own.
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, Worker } from 'node:worker_threads';

export interface Load {
  url: string;
  method: string;
  path: string;
  /** One request each. */
  tokens: string[];
  /** Requests at a time; left out when they come at a rate. */
  concurrency?: number;
  /** Requests begun each second, whether others are answered or not; latencies count from when each was due. */
  perSecond?: number;
}

export interface Result {
  seconds: number;
  /** Milliseconds of each request, in rising order. */
  latenciesMs: number[];
  /** Answers other than 200. */
  failed: number;
}

/** Starts the thread. An error in it ends the process. */
export function startLoad(): { run(load: Load): Promise<Result>; end(): Promise<number> } {
  const worker = new Worker(new URL(import.meta.url));
  return {
    run: async (load) => {
      worker.postMessage(load);
      const [result] = (await once(worker, 'message')) as [Result];
      return result;
    },
    end: () => worker.terminate(),
  };
}

async function perform({ url, method, path, tokens, concurrency = 1, perSecond }: Load, agent: Agent): Promise<Result> {
  const latenciesMs: number[] = [];
  let failed = 0;
  let next = 0;
  const one = (token: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${token}` };
      const sent = request(`${url}${path}`, { method, agent, headers }, (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode!));
      });
      sent.once('error', reject);
      sent.end();
    });
  const client = async (): Promise<void> => {
    while (next < tokens.length) {
      const token = tokens[next++]!;
      const begunMs = performance.now();
      if ((await one(token)) !== 200) failed++;
      latenciesMs.push(performance.now() - begunMs);
    }
  };
  const begunMs = performance.now();
  const atRate = async (): Promise<void> => {
    await Promise.all(
      tokens.map(async (token, index) => {
        const dueMs = begunMs + (index * 1_000) / perSecond!;
        await delay(Math.max(0, dueMs - performance.now()));
        if ((await one(token)) !== 200) failed++;
        latenciesMs.push(performance.now() - dueMs);
      }),
    );
  };
  await (perSecond === undefined ? Promise.all(Array.from({ length: concurrency }, client)) : atRate());
  const seconds = (performance.now() - begunMs) / 1_000;
  return { seconds, latenciesMs: latenciesMs.toSorted((a, b) => a - b), failed };
}

if (parentPort) {
  const port = parentPort;
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  port.on('message', (load: Load) => void perform(load, agent).then((result) => port.postMessage(result)));
}

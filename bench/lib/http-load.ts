// Sends requests over kept connections, so many at a time or so many a second, from a thread of its own: the API's event loop is its own.
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, Worker } from 'node:worker_threads';
import { Pool } from 'undici';

/** Connections to each server when requests come at a rate: more would wait in the server instead of here. */
const CONNECTIONS_AT_RATE = 64;

/** One request, where it differs from the others of its load. */
export interface OwnRequest {
  token: string;
  method?: string;
  path?: string;
  body?: string;
}

export interface Load {
  /** Of one server, or of several that take turns. */
  url: string | readonly string[];
  method: string;
  path: string;
  /** One request each; with `seconds` again and again. */
  tokens: readonly (string | OwnRequest)[];
  /** JSON, the same for every request. */
  body?: string;
  /** Requests at a time; left out when they come at a rate. */
  concurrency?: number;
  /** Requests begun each second, whether others are answered or not; latencies count from when each was due. */
  perSecond?: number;
  /** How long requests are begun; left out, until there is no token left. */
  seconds?: number;
}

export interface Result {
  seconds: number;
  /** Milliseconds of each request, in rising order. */
  latenciesMs: number[];
  /** Answers other than 200, 201 and 204. */
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

const SUCCESSES = new Set([200, 201, 204]);

async function perform(load: Load): Promise<Result> {
  const { tokens, concurrency = 1, perSecond, seconds } = load;
  const urls = typeof load.url === 'string' ? [load.url] : load.url;
  const connections = perSecond === undefined ? Math.ceil(concurrency / urls.length) : CONNECTIONS_AT_RATE;
  const pools = urls.map((url) => new Pool(url, { connections, pipelining: 1 }));
  const latenciesMs: number[] = [];
  let failed = 0;
  let next = 0;
  const send = async (index: number, fromMs: number): Promise<void> => {
    const one = tokens[index % tokens.length]!;
    const { token, method, path, body } = { ...load, ...(typeof one === 'string' ? { token: one } : one) };
    const headers: Record<string, string> = { authorization: `Bearer ${token}` };
    if (body !== undefined) headers['content-type'] = 'application/json';
    const pool = pools[index % pools.length]!;
    const answer = await pool.request({ path, method: method as 'GET', headers, ...(body !== undefined && { body }) });
    await answer.body.dump();
    latenciesMs.push(performance.now() - fromMs);
    if (!SUCCESSES.has(answer.statusCode)) failed++;
  };
  const begunMs = performance.now();
  const endMs = seconds === undefined ? Infinity : begunMs + seconds * 1_000;
  const client = async (): Promise<void> => {
    while ((seconds !== undefined || next < tokens.length) && performance.now() < endMs) {
      await send(next++, performance.now());
    }
  };
  const atRate = async (): Promise<void> => {
    const count = seconds === undefined ? tokens.length : Math.floor(seconds * perSecond!);
    await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const dueMs = begunMs + (index * 1_000) / perSecond!;
        await delay(Math.max(0, dueMs - performance.now()));
        await send(index, dueMs);
      }),
    );
  };
  await (perSecond === undefined ? Promise.all(Array.from({ length: concurrency }, client)) : atRate());
  const took = (performance.now() - begunMs) / 1_000;
  await Promise.all(pools.map((pool) => pool.close()));
  return { seconds: took, latenciesMs: latenciesMs.toSorted((a, b) => a - b), failed };
}

if (parentPort) {
  const port = parentPort;
  port.on('message', (load: Load) => void perform(load).then((result) => port.postMessage(result)));
}

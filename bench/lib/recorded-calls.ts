// What the application asks of Redis to answer a request, as its own executor tells: for a bare handler that asks the same.
import type { INestApplication } from '@nestjs/common';
import { built } from './schema.ts';

/** Commands that one node is sent in one pipeline. */
export interface Sent {
  /** `host:port` */
  node: string;
  commands: { name: string; args: (string | number)[] }[];
}

/** One request, as it was answered. */
export interface RecordedCalls {
  token: string;
  body: string;
  /** Pipelines that are under way together, one group after the other. */
  stages: Sent[][];
  /** What follows the answer, shared with the readings of others. */
  afterwards: Sent[];
}

/** As the application's `RedisObserver` hears it. */
interface Answered extends Sent {
  traffic: 'request' | 'background';
  seconds: number;
}

/** Longer than readings are collected before they are recorded. */
const AFTERWARDS_MS = 300;

/**
 * Sends one request for each token and notes what it asked of Redis.
 *
 * @param app that nobody else uses meanwhile
 */
export async function recordCalls(
  { app, url }: { app: INestApplication; url: string },
  path: string,
  readers: readonly { id: string; token: string }[],
): Promise<RecordedCalls[]> {
  const [{ RedisExecutor }, { feedKey }] = await Promise.all([
    built('infrastructure/redis/redis-executor'),
    built('modules/feeds/feed-keys'),
  ]);
  let pipelines: (Sent & { beganMs: number; endedMs: number })[] = [];
  const afterwards = new Map<string, Sent[]>();
  app.get(RedisExecutor, { strict: false }).observe({
    answered({ node, commands, traffic, seconds }: Answered) {
      const endedMs = performance.now();
      const sent = { node, commands: commands.map(({ name, args }) => ({ name, args })) };
      if (traffic === 'request') pipelines.push({ ...sent, beganMs: endedMs - seconds * 1_000, endedMs });
      else for (const command of sent.commands) note(node, command);
    },
  });
  const note = (node: string, command: Sent['commands'][number]): void => {
    const key = String(command.name === 'evalsha' ? command.args[2] : command.args[0]);
    afterwards.set(key, [...(afterwards.get(key) ?? []), { node, commands: [command] }]);
  };
  const recorded: (RecordedCalls & { key: string })[] = [];
  for (const { id, token } of readers) {
    pipelines = [];
    const answer = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    const body = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${body}`);
    recorded.push({ key: feedKey(id, 1_024), token, body, stages: stagesOf(pipelines), afterwards: [] });
  }
  await new Promise((resolve) => setTimeout(resolve, AFTERWARDS_MS));
  return recorded.map(({ key, ...calls }) => ({ ...calls, afterwards: afterwards.get(key) ?? [] }));
}

/** What began before something else had ended went out together with it. */
function stagesOf(pipelines: (Sent & { beganMs: number; endedMs: number })[]): Sent[][] {
  const stages: Sent[][] = [];
  let firstEndMs = -Infinity;
  for (const { node, commands, beganMs, endedMs } of pipelines.toSorted((a, b) => a.beganMs - b.beganMs)) {
    if (beganMs >= firstEndMs) {
      stages.push([]);
      firstEndMs = endedMs;
    }
    firstEndMs = Math.min(firstEndMs, endedMs);
    stages.at(-1)!.push({ node, commands });
  }
  return stages;
}

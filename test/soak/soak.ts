import { setTimeout as delay } from 'node:timers/promises';
import type { Session } from '../support/contract.js';
import { ApiClient, Member, PASSWORD } from '../support/api-client.js';
import { CutOff } from '../support/cut-off.js';
import { TestRedis } from '../support/redis.js';
import { settle, settleCounts, until } from '../support/settle.js';
import { testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';
import { Deployment } from '../oracle/deployment.js';
import { Random } from '../oracle/random.js';
import { RedisNodes } from '../oracle/redis-nodes.js';
import { Ledger } from './ledger.js';
import { SoakClient } from './soak-client.js';
import { happen } from './soak-faults.js';
import { SoakReport } from './soak-report.js';
import { soakSchedule } from './soak-schedule.js';
import { SoakVerdict } from './soak-verdict.js';

const CLIENTS = 10;
const BUCKETS = 64;
const ENV = {
  FEED_BUCKETS: String(BUCKETS),
  FAN_OUT_CHUNK: '3', // so that a killed worker leaves a fan-out half done
  OUTBOX_LEASE: '5s',
  ACCESS_TOKEN_TTL: '7d',
  SHUTDOWN_DELAY: '500ms',
};
/** After the last fault. */
const HEALED_WITHIN_MS = 120_000;

export interface SoakOutcome {
  /** Empty when all that was acknowledged is there, once. */
  problems: string[];
  report: SoakReport;
  /** What clients did, a request that was repeated counted once. */
  actions: number;
}

/** Lets users act while, one after the other, everything fails that can; then compares what was acknowledged with what is there. */
export async function runSoak(seed: number, seconds: number): Promise<SoakOutcome> {
  const database = await TestDatabase.create();
  const cutOff = new CutOff();
  const env = testEnv(database.name, { ...ENV, ...cutOff.env });
  const nodes = new RedisNodes(env['REDIS_NODES']!, BUCKETS);
  const report = new SoakReport();
  let deployment: Deployment | undefined;
  try {
    deployment = await Deployment.start(env, { apis: 2, workers: 2 });
    deployment.onAttempt = report.attempt;
    const random = new Random(seed);
    const schedule = soakSchedule(seconds, random);
    const ledger = new Ledger();
    const sessions = await register(deployment, seed);
    const clients = sessions.map(({ user, accessToken }, index) => {
      const others = sessions.map((session) => session.user.id).filter((id) => id !== user.id);
      const name = `c${index}`;
      return new SoakClient(
        deployment!,
        ledger,
        new Random(random.int(0, 0x7fff_ffff)),
        name,
        user.id,
        accessToken,
        others,
      );
    });

    const over = new AbortController();
    const running = Promise.all(clients.map((client) => client.run(over.signal)));
    const endMs = performance.now() + seconds * 1_000;
    for (const fault of schedule) {
      if (performance.now() >= endMs) break;
      await delay(fault.afterMs);
      report.begin(fault.kind);
      await happen(fault, { deployment, redis: nodes, cutOff, env });
      report.end();
    }
    over.abort();
    await running;

    await settle(database, HEALED_WITHIN_MS);
    await settleCounts(database, HEALED_WITHIN_MS);
    await database.replicated();
    const redis = new TestRedis({ ...database.config, feed: { ...database.config.feed, buckets: BUCKETS } });
    try {
      const api = new ApiClient(deployment.anyUrl);
      const members = sessions.map(({ user, accessToken }) => new Member(api, user.id, accessToken));
      // What Redis has lost is replayed within a minute: that is the last word.
      let found: string[] = [];
      const isWell = async () => {
        found = await new SoakVerdict(ledger, database, redis, members).find();
        return found.length === 0;
      };
      await until(isWell, { what: 'all to be well', timeoutMs: HEALED_WITHIN_MS }).catch(() => undefined);
      const problems = [...clients.flatMap((client) => client.problems), ...found];
      return { problems, report, actions: clients.reduce((sum, { count }) => sum + count, 0) };
    } finally {
      await redis.close();
    }
  } finally {
    await deployment?.stop();
    await nodes.close();
    cutOff.close();
    await database.drop();
  }
}

async function register(deployment: Deployment, seed: number): Promise<Session[]> {
  const sessions: Session[] = [];
  for (let i = 0; i < CLIENTS; i++) {
    const username = `s${i}_${seed}`;
    const body = { username, email: `${username}@example.test`, password: PASSWORD };
    sessions.push((await deployment.request<Session>(201, 'POST', '/v1/auth/register', { body })).body);
  }
  return sessions;
}

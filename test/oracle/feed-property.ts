import { settle, until } from '../support/settle.js';
import { testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';
import { Actor } from './actor.js';
import { Deployment } from './deployment.js';
import { faultSchedule, isOfRedis } from './fault-schedule.js';
import { FaultMaker } from './fault-maker.js';
import { FeedOracle } from './feed-oracle.js';
import { Random } from './random.js';
import { RedisNodes } from './redis-nodes.js';
import { SharedClock } from './shared-clock.js';
import { ORDINARY, type Course, type Fault } from './course.js';
import { checkStorage } from './storage-check.js';

export interface PropertyOptions {
  seed: number;
  /** What actors do, a walk counted as one; faults and steps of time come besides. */
  operations: number;
  /** Directory of another build of the product. */
  build?: string;
  /** Ends with the first problem. */
  stopEarly?: boolean;
  /** {@link ORDINARY} when it is left out. */
  course?: Course;
}

export interface PropertyReport {
  problems: string[];
  operations: number;
  faults: Record<string, number>;
  /** How far time was moved, in days. */
  days: number;
  /** Walks that missed posts while others were at work, of readers who had them at the end of the round. */
  late: string[];
}

const ACTORS = 24;
const ROUND = 240;
/** Readers who walk along their feeds after a round. */
const WALKED = 6;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const LIVES = { unviewedTtlMs: 7 * DAY_MS, viewedTtlMs: DAY_MS };
const BUCKETS = 16;
const ENV = {
  FEED_BUCKETS: String(BUCKETS),
  LARGE_AUTHOR_FOLLOWERS: '6',
  FAN_OUT_CHUNK: '3', // so that a killed worker leaves a fan-out half done
  OUTBOX_LEASE: '2s',
  ACCESS_TOKEN_TTL: '7d',
};
/** A loss by Redis is mended within this time. */
const MENDED_WITHIN_MS = 60_000;
const MARKED_WITHIN_MS = 5_000;
/** A worker that was frozen or is slow goes on with jobs that are no longer its own, and looks at the end what they have become. */
const CAUGHT_UP_WITHIN_MS = 5_000;

/**
 * Lets users do random things while processes die and time passes, and compares every walk along a feed with what the
 * contract says.
 */
export async function runFeedProperty(options: PropertyOptions): Promise<PropertyReport> {
  const clock = new SharedClock();
  const database = await TestDatabase.create();
  const { maxEntries, hasSlowWorkers } = options.course ?? ORDINARY;
  const env = testEnv(database.name, { ...ENV, FEED_MAX_ENTRIES: String(maxEntries), ...clock.env });
  const redis = new RedisNodes(env['REDIS_NODES']!, BUCKETS);
  let deployment: Deployment | undefined;
  try {
    deployment = await Deployment.start(env, { apis: 2, workers: 2, hasSlowWorkers, build: options.build });
    const faults = new FaultMaker(deployment, redis, database);
    return await new FeedProperty(options, clock, database, redis, deployment, faults).run();
  } finally {
    await deployment?.stop();
    await redis.close();
    await database.drop();
    clock.close();
  }
}

class FeedProperty {
  private readonly random: Random;
  private readonly course: Course;
  private readonly oracle: FeedOracle;
  private readonly report: PropertyReport = { problems: [], operations: 0, faults: {}, days: 0, late: [] };
  private actors: Actor[] = [];

  constructor(
    private readonly options: PropertyOptions,
    private readonly clock: SharedClock,
    private readonly database: TestDatabase,
    private readonly redis: RedisNodes,
    private readonly deployment: Deployment,
    private readonly faultMaker: FaultMaker,
  ) {
    this.random = new Random(options.seed);
    this.course = options.course ?? ORDINARY;
    this.oracle = new FeedOracle({ ...LIVES, maxEntries: this.course.maxEntries });
  }

  async run(): Promise<PropertyReport> {
    for (let i = 0; i < ACTORS; i++) {
      this.actors.push(await Actor.register(this.deployment, this.oracle, this.clock));
    }
    const { operations } = this.options;
    const faults = faultSchedule(Math.ceil(operations / ROUND), this.random, this.course.faults);
    let faultBefore: Fault = 'none';
    for (let round = 0; this.report.operations < operations; round++) {
      const begunMs = this.clock.nowMs();
      const fault = faults[round]!;
      await Promise.all([this.fail(fault), ...this.operate()]);
      if (fault === 'api killed') this.oracle.marksMayBeLost(begunMs);
      if (fault === 'redis flushed') this.oracle.marksMayBeLost(0);
      await settle(this.database, MENDED_WITHIN_MS);
      this.oracle.settled(this.clock.nowMs());
      // Clients of Redis find their way again within seconds, and marks may be late until then: a round more is forgiven.
      const afterLoss = isOfRedis(fault) || isOfRedis(faultBefore);
      const mayBeLate = this.course.hasSlowWorkers || fault === 'worker frozen';
      if (afterLoss || mayBeLate) this.oracle.marksMayBeLost(begunMs);
      const problems = await this.inspect(afterLoss, mayBeLate);
      faultBefore = fault;
      this.report.problems.push(...problems.map((problem) => `round ${round} (${fault}): ${problem}`));
      if (this.options.stopEarly && this.report.problems.length > 0) break;
      this.passTime();
    }
    return this.report;
  }

  /** Everybody does their share of a round, one thing after the other; all at the same time. */
  private operate(): Promise<void>[] {
    const others = this.actors.map(({ id }) => id);
    return this.actors.map(async (actor) => {
      const random = new Random(this.random.int(0, 0x7fff_ffff));
      for (let i = 0; i < ROUND / ACTORS; i++) {
        await actor.act(random, others);
        this.report.operations++;
      }
    });
  }

  private async fail(fault: Fault): Promise<void> {
    this.report.faults[fault] = (this.report.faults[fault] ?? 0) + 1;
    const done = this.report.operations;
    await this.faultMaker.strike(fault, this.random, () => (this.report.operations - done) / ROUND);
  }

  /** Compares what is stored, and walks of readers, while nothing else happens; what a loss by Redis left may take a while. */
  private async inspect(afterLoss: boolean, mayBeLate: boolean): Promise<string[]> {
    const during = this.actors
      .flatMap(({ problems }) => problems.splice(0).map((problem) => `meanwhile, ${problem}`))
      // What a master takes with it may be missing until it is brought back, deletions of its cached posts included;
      // everything else holds meanwhile, too.
      .filter((problem) => !afterLoss || !/missing|viewed|risen|not to be seen: .*, deleted/.test(problem))
      // A late worker may take out what a new follow has brought, and brings it back as soon as it looks again.
      .filter((problem) => !mayBeLate || !/missing|viewed/.test(problem));
    // The one who acted sees it with the next read, as long as a request has its turn with Redis in time; else a worker does it,
    // and may still be at what was asked for before.
    const isLate = (problem: string): boolean => problem.includes('missing');
    this.report.late.push(...during.filter(isLate));
    const late = this.actors.filter(({ id }) =>
      during.some((problem) => isLate(problem) && problem.includes(`reader ${id},`)),
    );
    const walked = afterLoss ? this.actors : [...new Set([...this.random.some(this.actors, WALKED), ...late])];
    const look = async (): Promise<string[]> => {
      const problems = await this.walk(walked);
      return [...problems, ...(await this.marked(afterLoss)), ...(await this.checkStorage())];
    };
    let problems = await look();
    if ((afterLoss || mayBeLate) && problems.length > 0) {
      await until(async () => (problems = await look()).length === 0, {
        what: 'it to be mended',
        timeoutMs: afterLoss ? MENDED_WITHIN_MS : CAUGHT_UP_WITHIN_MS,
      }).catch(() => undefined); // what is not mended is told
    }
    return [...during.filter((problem) => !isLate(problem)), ...problems];
  }

  private async walk(actors: readonly Actor[]): Promise<string[]> {
    const walks = actors.map(async ({ reader }) => {
      const limit = this.random.pick([5, 20, 100]);
      return (await reader.walk({ limit, maxPages: limit === 100 ? 50 : 12, isQuiet: true })).problems;
    });
    return (await Promise.all(walks)).flat();
  }

  private async checkStorage(): Promise<string[]> {
    const checks = this.actors.map(async ({ id }) => {
      const feed = await this.redis.feed(id);
      return feed ? checkStorage(id, feed, this.oracle) : [];
    });
    return (await Promise.all(checks)).flat();
  }

  /** Waits until what was shown is marked, so that time may pass. */
  private async marked(afterLoss: boolean): Promise<string[]> {
    const unmarked = async (): Promise<string[]> => {
      const lacking = this.actors.map(async ({ id }) => {
        const entries = (await this.redis.feed(id))?.entries ?? [];
        return entries
          .filter(({ postId, viewed }) => !viewed && this.oracle.showing(id, postId)?.isCertain)
          .map(({ postId }) => `feed ${id}: ${postId} was shown and is not marked`);
      });
      return (await Promise.all(lacking)).flat();
    };
    const done = until(async () => (await unmarked()).length === 0, { what: 'the marks', timeoutMs: MARKED_WITHIN_MS });
    if (await done.catch(() => false)) return [];
    const problems = afterLoss ? [] : await unmarked();
    this.oracle.marksMayBeLost(0);
    return problems;
  }

  private passTime(): void {
    const step = this.random.weighted(this.course.steps);
    const byMs = {
      none: () => 0,
      minutes: () => this.random.int(1, 59) * MINUTE_MS,
      hours: () => this.random.int(1, 20) * HOUR_MS,
      days: () => this.random.int(24, 48) * HOUR_MS,
      'so long that feeds are dropped': () => 9 * DAY_MS,
    }[step]();
    this.clock.advance(byMs);
    this.report.days += byMs / DAY_MS;
  }
}

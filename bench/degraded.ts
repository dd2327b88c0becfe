// GET /v1/feed at 100 requests/s with all of Redis, and with none of it.
import { configOf, startProcess, stop } from './lib/application.ts';
import { createFeedWorld, FEED_SIZES } from './lib/feed-world.ts';
import { quantile, save, show, spreadOf } from './lib/figures.ts';
import { startLoad } from './lib/http-load.ts';
import { roundsOr, scaled } from './lib/options.ts';
import { startProgress } from './lib/progress.ts';
import { built, createSchema } from './lib/schema.ts';

const PER_SECOND = 100;
const SECONDS = scaled(15, 3);
const ROUNDS = roundsOr(3);
const READERS = scaled(100, 20);
const REDIS = ['redis-1', 'redis-2', 'redis-3', 'redis-4', 'redis-5', 'redis-6'];

const act = async (action: 'kill' | 'start'): Promise<void> => {
  await Promise.all(
    REDIS.map(async (name) => {
      const answer = await fetch(`${process.env.STACK_CONTROL_URL}/services/${name}/${action}`, { method: 'POST' });
      if (!answer.ok) throw new Error(`${action} ${name}: ${answer.status}`);
    }),
  );
};

const schema = await createSchema({});
const load = startLoad();
const { about, readers: bySize } = await createFeedWorld(schema, READERS);
const api = await startProcess('main', schema.env);
try {
  const { AccessTokens } = await built('modules/auth/access-tokens');
  const issuer = new AccessTokens(await configOf(schema.env));
  const readers = FEED_SIZES.filter((size) => size >= 100).flatMap((size) => bySize.get(size)!);
  const tokens = readers.map((userId) => issuer.issue({ userId, sessionId: 'bench' }) as string);
  const get = { url: api.url, method: 'GET', path: '/v1/feed', tokens };
  await load.run({ ...get, concurrency: 8 });
  const measure = async () => {
    const { latenciesMs, failed } = await load.run({ ...get, perSecond: PER_SECOND, seconds: SECONDS });
    return { p50: quantile(latenciesMs, 0.5), p99: quantile(latenciesMs, 0.99), failed };
  };
  type Measured = Awaited<ReturnType<typeof measure>>;
  const rounds: { whole: Measured; first: Measured; without: Measured }[] = [];
  const progress = startProgress(ROUNDS);
  for (let round = 0; round < ROUNDS; round++) {
    progress.step(`round ${round + 1}`);
    const whole = await measure();
    await act('kill');
    // Requests find out that it is away; from then on nobody waits for it.
    const first = await measure();
    const without = await measure();
    await act('start');
    await load.run({ ...get, concurrency: 8 }); // feeds are built anew
    rounds.push({ whole, first, without });
    progress.say(
      `with Redis p99 ${whole.p99} ms; it goes away: ${first.p99} ms, ${first.failed} failed; without: p50 ${without.p50} ms, p99 ${without.p99} ms`,
    );
  }
  progress.end();
  const of = (when: keyof (typeof rounds)[0], what: keyof Measured) => spreadOf(rounds.map((each) => each[when][what]));
  const p99 = { whole: of('whole', 'p99'), first: of('first', 'p99'), without: of('without', 'p99') };
  console.log(`p99 without Redis: ${show(p99.without)} ms  (target 300)`);
  save('degraded', { about, perSecond: PER_SECOND, seconds: SECONDS, rounds, p99, p50: of('without', 'p50') }, [
    {
      title: `p99 of a page at ${PER_SECOND} requests/s`,
      unit: 'ms',
      bars: [
        { label: 'with Redis', value: p99.whole },
        { label: 'it goes away', value: p99.first },
        { label: 'without', value: p99.without },
      ],
      target: 300,
    },
  ]);
} finally {
  await load.end();
  await stop(api.child);
  await schema.drop();
}

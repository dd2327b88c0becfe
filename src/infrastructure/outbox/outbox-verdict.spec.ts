import { AppError } from '../../common/app-error.js';
import { RedisUnavailableError } from '../redis/redis-unavailable.error.js';
import { isDeadly, UnknownTypeError, verdictOn, type Ordeal, type Verdict } from './outbox-verdict.js';

const NOW = Date.parse('2026-11-22T20:00:00Z');
const HOUR_MS = 3_600_000;

describe(verdictOn.name, () => {
  const on = (error: unknown, job: Partial<Ordeal> = {}, random = 1): Verdict =>
    verdictOn(
      error,
      { failures: 0, strikes: 0, losses: 0, createdAt: new Date(NOW), ...job },
      { maxAttempts: 5, nowMs: NOW, random },
    );
  const delayOf = (verdict: Verdict): number | 'parked' => (verdict.park ? 'parked' : verdict.delayMs);

  it('waits twice as long with every failure, up to five minutes, half of it by chance', () => {
    const delays = [0, 1, 2, 7, 8, 1_000].map((failures) => delayOf(on(new Error('no'), { failures })));
    expect(delays).toEqual([2_000, 4_000, 8_000, 256_000, 300_000, 300_000]);
    expect(delayOf(on(new Error('no'), {}, 0))).toBe(1_000);
  });

  it('parks a job with the last of its tries', () => {
    expect(on(new Error('no'), { strikes: 3 })).toMatchObject({ park: false, strike: true });
    expect(on(new Error('no'), { strikes: 4 })).toEqual({ park: true });
    expect(on('no error at all', { strikes: 4 })).toEqual({ park: true });
  });

  it.each([
    new RedisUnavailableError('no answer'),
    new AppError('DATABASE_UNAVAILABLE', 'away'),
    new Error('wrapped', { cause: new RedisUnavailableError('no answer') }),
  ])('never parks a job because of an outage, and looks at least every half minute: %s', (error) => {
    expect(on(error, { failures: 1_000, strikes: 4 })).toEqual({ park: false, delayMs: 30_000, strike: false });
    expect(delayOf(on(error))).toBe(2_000);
  });

  it('counts a refusal as the fault of the job', () => {
    expect(on(new AppError('POST_NOT_FOUND', 'gone'))).toMatchObject({ strike: true });
  });

  it('leaves a job of an unknown type to other workers, for a day', () => {
    const error = new UnknownTypeError('new.type');
    const young = { failures: 1_000, strikes: 4, createdAt: new Date(NOW - 23 * HOUR_MS) };
    expect(on(error, young)).toEqual({ park: false, delayMs: 5_000, strike: false });
    expect(on(error, { createdAt: new Date(NOW - 25 * HOUR_MS) })).toEqual({ park: true });
  });
});

describe(isDeadly.name, () => {
  it('suspects a job when many workers vanished with it', () => {
    const job = { failures: 0, strikes: 0, createdAt: new Date(NOW) };
    expect(isDeadly({ ...job, losses: 19 })).toBe(false);
    expect(isDeadly({ ...job, losses: 20 })).toBe(true);
  });
});

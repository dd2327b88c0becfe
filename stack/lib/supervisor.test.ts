import assert from 'node:assert/strict';
import { it } from 'node:test';
import { nextBackoff } from './supervisor.ts';

it('waits twice as long after each crash, up to half a minute', () => {
  const waits = [0];
  for (let crash = 0; crash < 8; crash++) waits.push(nextBackoff(waits.at(-1)!, 100));
  assert.deepEqual(waits.slice(1), [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

it('begins anew after a minute of health', () => {
  assert.equal(nextBackoff(30_000, 60_000), 500);
  assert.equal(nextBackoff(30_000, 59_999), 30_000);
});

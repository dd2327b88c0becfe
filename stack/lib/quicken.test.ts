import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { quicken } from './quicken.ts';

describe('quicken', () => {
  it('makes ranges and waits a sixtieth as long, ranges not shorter than two scrapes', () => {
    assert.equal(quicken('rate(x[5m]) / rate(x[1h]) + rate(x[1m])'), 'rate(x[5s]) / rate(x[60s]) + rate(x[4s])');
    assert.equal(quicken('    for: 2m\n'), '    for: 2s\n');
    assert.equal(quicken('scrape_interval: 15s'), 'scrape_interval: 1s');
    assert.equal(quicken('group_wait: 30s'), 'group_wait: 1s');
  });

  it('leaves everything else as it is', () => {
    const text = 'expr: lag > 30 # for an hour\nle="0.25"\nsummary: more than 5m';
    assert.equal(quicken(text), text);
  });
});

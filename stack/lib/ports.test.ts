import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { developmentPorts, parsePortOffset, REDIS_BUS_OFFSET, TEST_BLOCK_SIZE, testPorts } from './ports.ts';

describe('parsePortOffset', () => {
  it('is 0 unless it is set', () => {
    assert.equal(parsePortOffset(undefined), 0);
    assert.equal(parsePortOffset(''), 0);
    assert.equal(parsePortOffset('200'), 200);
  });

  it('refuses what would not give ports', () => {
    for (const text of ['-1', '1.5', '0x10', 'many', ' 1', '60000']) {
      assert.throws(() => parsePortOffset(text), /STACK_PORT_OFFSET must be a whole number/, text);
    }
  });

  it('refuses what leads to a port that browsers refuse, and so does fetch', async () => {
    assert.throws(() => parsePortOffset('640'), /port 1720, which browsers refuse/); // the page of mails
    assert.throws(() => parsePortOffset('3000'), /port 6000, which browsers refuse/); // the API
    const refusal = await fetch('http://127.0.0.1:1720').catch((error: Error) => error);
    assert.equal(((refusal as Error).cause as Error).message, 'bad port');
  });

  it('accepts offsets up to the one that moves the highest bus port to the last port', () => {
    const offset = 65_535 - 17_006;
    assert.equal(developmentPorts(parsePortOffset(String(offset))).redis[5] + REDIS_BUS_OFFSET, 65_535);
    assert.throws(() => parsePortOffset(String(offset + 1)));
  });
});

describe('testPorts', () => {
  it('gives every service a port of its own inside the block, without the control port', () => {
    const ports = Object.values(testPorts(20_000)).flat();
    assert.equal(new Set(ports).size, ports.length);
    assert.ok(ports.every((port) => port >= 20_000 && port < 20_000 + TEST_BLOCK_SIZE - 1));
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { auditVerdict } from './audit.ts';

const report = (high: number, critical: number) =>
  JSON.stringify({
    vulnerabilities: {
      severe: { severity: 'high', range: '<2.0.0' },
      harmless: { severity: 'low', range: '*' },
    },
    metadata: { vulnerabilities: { info: 0, low: 1, moderate: 0, high, critical, total: 1 + high + critical } },
  });

describe('the audit of dependencies', () => {
  it('is well without anything of high severity or above', () => {
    assert.equal(auditVerdict(report(0, 0)).outcome, 'ok');
  });

  it('fails with it, and names it', () => {
    const { outcome, output } = auditVerdict(report(1, 0));
    assert.equal(outcome, 'FAILED');
    assert.match(output, /^severe <2\.0\.0: high$/m);
    assert.doesNotMatch(output, /harmless/);
    assert.equal(auditVerdict(report(0, 1)).outcome, 'FAILED');
  });

  it('says that nothing is known where the registry serves none', () => {
    for (const text of ['', 'npm error audit endpoint returned an error', '{"error":{"code":"ENOAUDIT"}}']) {
      assert.equal(auditVerdict(text).outcome, 'not known');
    }
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { root } from './paths.ts';
import { programCommand, programsAreComplete } from './programs.ts';

const files = (directory: string): string[] =>
  readdirSync(join(root, directory)).map((name) => join(root, directory, name));
const texts = (directory: string): string =>
  files(directory)
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');

function promtool(...args: string[]): void {
  const [program, ...rest] = [...programCommand('promtool'), ...args];
  execFileSync(program!, rest, { stdio: 'pipe', encoding: 'utf8' });
}

const rules = texts('prometheus/rules');
const tests = texts('prometheus/tests');
/** The text of every alert, by its name. */
const alerts = new Map(
  rules
    .split(/^ {6}- /m)
    .filter((rule) => rule.startsWith('alert: '))
    .map((rule) => [/^alert: (\w+)/.exec(rule)![1]!, rule]),
);

/** The anchor of a heading, as the places that show Markdown make it. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');

describe('Alerts', () => {
  it('have a severity, a summary and a section that says what they mean, what to look at and what to do', () => {
    const sections = new Map(
      readFileSync(join(root, 'docs/operations.md'), 'utf8')
        .split(/^#{2,3} /m)
        .map((section) => [anchorOf(section.split('\n', 1)[0]!), section]),
    );
    assert.ok(alerts.size > 25);
    for (const [name, rule] of alerts) {
      assert.match(rule, /^ {10}severity: (critical|warning)$/m, name);
      assert.match(rule, /^ {10}summary: ./m, name);
      const anchor = /runbook_url: docs\/operations\.md#(\S+)/.exec(rule)?.[1];
      const section = sections.get(anchor ?? '');
      assert.ok(section, `${name}: no section ${anchor}`);
      for (const part of ['**Means.** ', '**Look at.** ', '**Do.** '])
        assert.ok(section.includes(part), `${name}: ${part}`);
    }
  });

  it('have a test in which they fire and one in which they do not', () => {
    for (const name of alerts.keys()) {
      for (const [kind, samples] of [
        ['fires', `value: 1`],
        ['does not fire', 'exp_samples: []'],
      ]) {
        const test = tests.split(/^ {2}- name: /m).find((text) => text.startsWith(`${name} ${kind}\n`));
        assert.ok(test !== undefined, `${name} ${kind}`);
        assert.ok(test.includes(`alertname="${name}"`) && test.includes(samples!), `${name} ${kind}`);
      }
    }
  });

  it('follow from what Alertmanager knows as a cause', () => {
    const named = [...rules.matchAll(/^ {10}follows: (.+)$/gm)].flatMap(([, parts]) => parts!.split(' '));
    const known = [...texts('alertmanager').matchAll(/follows=~"\(\.\* \)\?([\w-]+)\(/g)].map(([, part]) => part!);
    assert.deepEqual([...new Set(named)].sort(), known.sort());
  });

  it('name no alert in a runbook that is not there', () => {
    const named = [...readFileSync(join(root, 'docs/operations.md'), 'utf8').matchAll(/^### Alert: (\w+)$/gm)];
    assert.deepEqual(named.map(([, name]) => name!).sort(), [...alerts.keys()].sort());
  });

  describe('by promtool', { skip: !programsAreComplete() && 'needs promtool, which the first `up` fetches' }, () => {
    it('are what Prometheus accepts, and pass their tests', () => {
      promtool('check', 'rules', ...files('prometheus/rules'));
      promtool('test', 'rules', ...files('prometheus/tests'));
    });
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { readDevelopment } from './development.ts';
import { monitoringFiles } from './monitoring-files.ts';
import { root } from './paths.ts';
import { developmentPorts, testPorts, type Ports } from './ports.ts';
import { programsAreComplete } from './programs.ts';

const inherited = { ...process.env };
let directory: string;

/** In place: `.env` is loaded into the environment itself, not into an object that stands for it. */
function environmentIs(wanted: NodeJS.ProcessEnv): void {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, wanted);
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stack-development-'));
  environmentIs({ PATH: inherited['PATH'] });
});

afterEach(() => {
  environmentIs(inherited);
  rmSync(directory, { recursive: true });
});

const dotEnv = (...lines: string[]): string => {
  writeFileSync(join(directory, '.env'), lines.join('\n'));
  return join(directory, '.env');
};

describe('readDevelopment', () => {
  it('takes the environment before .env, and .env before what the stack offers', () => {
    process.env['LOG_LEVEL'] = 'warn';
    const { env, ports } = readDevelopment(dotEnv('STACK_PORT_OFFSET=200', 'LOG_LEVEL=debug', 'API_PORT=4000'));
    assert.deepEqual([env['LOG_LEVEL'], env['API_PORT'], env['WORKER_PORT']], ['warn', '4000', '3201']);
    assert.deepEqual(ports, developmentPorts(200));
  });

  it('does without .env', () => {
    assert.deepEqual(readDevelopment(join(directory, '.env')).ports, developmentPorts(0));
  });

  it('has services of monitoring configured as .env says, by whichever command', () => {
    const { ports } = readDevelopment(dotEnv('METRICS_TOKEN=a-token', 'SMTP_HOST=mail.example.test', 'SMTP_PORT=587'));
    assert.equal(monitoringFiles('prometheus', 'development', ports)['metrics-token'], 'a-token');
    const { 'alertmanager.yml': text } = monitoringFiles('alertmanager', 'development', ports);
    assert.match(text!, /smtp_smarthost: 'mail\.example\.test:587'/);
  });

  it('sends mails to the sink when settings of mail are there without a value', () => {
    const { ports } = readDevelopment(dotEnv('SMTP_HOST=', 'SMTP_PORT=', 'SMTP_REQUIRE_TLS=', 'ALERT_MAIL_TO='));
    const { 'alertmanager.yml': text } = monitoringFiles('alertmanager', 'development', ports);
    assert.match(text!, /smtp_smarthost: '127\.0\.0\.1:1025'/);
    assert.match(text!, /smtp_require_tls: false/);
    assert.match(text!, /to: 'operators@example\.test'/);
  });
});

describe('RUNBOOK_BASE_URL', () => {
  const linked = (...settings: string[]): string => {
    const { ports } = readDevelopment(dotEnv(...settings));
    const { 'alertmanager.yml': text } = monitoringFiles('alertmanager', 'development', ports);
    return /what to do: (.*)/.exec(text!)![1]!.replace('{{ .Annotations.runbook_url }}', 'docs/operations.md#alert');
  };

  for (const base of ['https://git.example.test/sns/blob/main', 'https://git.example.test/sns/blob/main/']) {
    it(`has mails link to their section there: ${base}`, () => {
      const section = 'https://git.example.test/sns/blob/main/docs/operations.md#alert';
      assert.equal(linked(`RUNBOOK_BASE_URL=${base}`), section);
    });
  }

  for (const settings of [[], ['RUNBOOK_BASE_URL=']]) {
    it(`is not needed: mails name the section (${settings.join() || 'not set'})`, () => {
      assert.equal(linked(...settings), 'docs/operations.md#alert');
    });
  }
});

/** What the stack reads of a checkout. */
const CHECKOUT = ['alertmanager', 'mysql', 'object-store', 'package.json', 'prometheus', 'redis-cluster', 'stack'];

describe('npm run stack', () => {
  /** Runs it in a checkout of its own, whose services are down. */
  const stack = (...args: string[]): { stdout: string; stderr: string } => {
    for (const name of CHECKOUT) cpSync(join(root, name), join(directory, name), { recursive: true });
    mkdirSync(join(directory, '.stack'), { recursive: true });
    for (const name of ['node_modules', '.stack/native']) symlinkSync(join(root, name), join(directory, name));
    const command = [join(directory, 'stack/commands/stack.ts'), ...args];
    return spawnSync(process.execPath, command, { env: { ...process.env, STACK: 'native' }, encoding: 'utf8' });
  };
  /** The port that `status` shows for the primary. */
  const shownPort = (...args: string[]): number => {
    const { stdout, stderr } = stack('status', ...args);
    assert.match(stdout, /^mysql-primary +(\d+) .*down$/m, stderr);
    return Number(/^mysql-primary +(\d+)/m.exec(stdout)![1]);
  };
  const cameUpOn = (instance: string, ports: Ports): void => {
    mkdirSync(join(directory, '.stack', instance), { recursive: true });
    writeFileSync(join(directory, '.stack', instance, 'ports.json'), JSON.stringify(ports));
  };

  it('shows the ports that .env says', () => {
    dotEnv('STACK_PORT_OFFSET=200');
    assert.equal(shownPort(), 13_506);
  });

  it('shows the ports that services came up on, whatever is set by now', () => {
    dotEnv('STACK_PORT_OFFSET=200');
    cameUpOn('development', developmentPorts(300));
    assert.equal(shownPort(), 13_606);
  });

  it(
    'brings services up on the ports that .env says, wherever they were before',
    { skip: !programsAreComplete() && 'needs the programs, which the first `up` fetches' },
    async () => {
      dotEnv('STACK_PORT_OFFSET=200');
      cameUpOn('development', developmentPorts(300));
      const held = [13_506, 13_606].map((port) => createServer().listen(port, '127.0.0.1'));
      // A port that somebody else holds already is as good: the command stops there and names it.
      await Promise.allSettled(held.map((server) => once(server, 'listening')));
      try {
        assert.match(stack('up').stderr, /Port 13506, which mysql-primary needs, is taken/);
      } finally {
        for (const server of held) server.close();
      }
    },
  );

  it('does not read .env for the services of tests', () => {
    dotEnv('STACK_PORT_OFFSET=none');
    cameUpOn('test', testPorts(20_000));
    assert.equal(shownPort('--instance', 'test'), 20_006);
  });
});

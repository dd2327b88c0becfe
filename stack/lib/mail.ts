import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.ts';
import type { Ports } from './ports.ts';
import type { ServiceDefinition } from './service.ts';

const CHECK_TIMEOUT_MS = 5_000;
const program = join(root, 'stack/mail-sink.ts');

/** The mail sink: takes every mail and shows it, sends none. */
export function mailSink(directory: string, ports: Ports): ServiceDefinition {
  const home = join(directory, 'mail');
  return {
    name: 'mail',
    ports: [ports.smtp, ports.mailPage],
    directory: home,
    workingDirectory: home,
    configuration: readFileSync(program, 'utf8'),
    command: [process.execPath, program, '--smtp', String(ports.smtp), '--page', String(ports.mailPage)],
    async prepare() {
      mkdirSync(home, { recursive: true });
    },
    async check() {
      const response = await fetch(`http://127.0.0.1:${ports.mailPage}/mails`, {
        signal: AbortSignal.timeout(CHECK_TIMEOUT_MS),
      });
      if (!response.ok) throw new Error(`it answers ${response.status}`);
    },
  };
}

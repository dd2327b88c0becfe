import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { commandBlocks, documentText, ROOT, runLines } from './documented.js';
import { until } from './settle.js';
import { onServer, type Server } from './topology.js';

const [VALUES, ...BLOCKS] = commandBlocks(documentText('docs/operations.md', 'Back up and restore'));

/** Which command each block is, by a text of its own. */
const STEPS = {
  fetchBinaryLog: '--stop-never',
  backUp: 'mysqldump',
  copy: 'CLONE LOCAL',
  loadBackup: '.sql.gz" | mysql ',
  forgetPrimary: 'RESET REPLICA ALL',
  findMistake: '--base64-output=decode-rows',
  goForward: '--exclude-gtids',
  moveIds: 'AUTO_INCREMENT',
  emptyRedis: 'flushall',
  migrate: 'dist/migrate.js',
};
type Step = keyof typeof STEPS;

const quoted = (value: string): string => `'${value.replaceAll("'", String.raw`'\''`)}'`;

/** The commands of "Back up and restore" in docs/operations.md as they are written there, with other values than its first block. */
export class DocumentedBackup {
  private readonly directory = mkdtempSync(join(tmpdir(), 'sns-backup-'));
  private readonly values: Record<string, string>;
  private readonly ran = new Set<string>();
  private fetching?: ChildProcess;

  /** @param env has the programs in its PATH */
  constructor(
    private readonly source: Server,
    schema: string,
    private env: NodeJS.ProcessEnv,
  ) {
    const [host, port] = source.address.split(':');
    const login = join(this.directory, 'login.cnf');
    writeFileSync(login, '[client]\nuser=sns_backup\npassword=sns-development\n', { mode: 0o600 });
    this.values = {
      BACKUP: join(this.directory, 'backup'),
      BINLOGS: join(this.directory, 'binlog'),
      REPLICA: `--host=${host} --port=${port}`,
      LOGIN: login,
      SCHEMA: schema,
      SOCKET: '/nowhere',
      REDIS: env['REDIS_NODES']!.split(',')[0]!,
    };
  }

  /** Later commands are for the server behind a socket. @param env with which the service would find it */
  restoreInto(socket: string, env: NodeJS.ProcessEnv): void {
    this.values['SOCKET'] = socket;
    this.env = env;
  }

  /** @param changes what the document leaves to the reader: another text for one of its lines */
  run(step: Step, changes: Record<string, string> = {}): Promise<string> {
    return runLines(this.lines(step, changes), this.env);
  }

  /** Starts fetching the binary log, and fetches on until {@link stopFetching}. */
  async fetch(): Promise<void> {
    this.fetching = spawn('bash', ['-euo', 'pipefail', '-c', this.lines('fetchBinaryLog')], {
      cwd: ROOT,
      env: this.env,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    await once(this.fetching, 'spawn');
  }

  /** Waits until everything is fetched that the server has written. */
  async fetched(): Promise<void> {
    const isWhole = async () => {
      const logs = await onServer<{ Log_name: string; File_size: number }>(this.source, 'SHOW BINARY LOGS');
      const { Log_name: name, File_size: size } = logs.at(-1)!;
      const file = join(this.values['BINLOGS']!, name);
      return existsSync(file) && statSync(file).size === Number(size);
    };
    await until(isWhole, { what: 'the binary log to be fetched' });
  }

  async stopFetching(): Promise<void> {
    if (this.fetching?.exitCode === null && this.fetching.kill('SIGTERM')) await once(this.fetching, 'close');
  }

  /** The directory of data that the physical backup made. */
  get data(): string {
    return join(this.values['BACKUP']!, 'data');
  }

  /** Blocks of the section that were not run. */
  leftOut(): string[] {
    return BLOCKS.filter((block) => !this.ran.has(block));
  }

  async remove(): Promise<void> {
    await this.stopFetching();
    rmSync(this.directory, { recursive: true });
  }

  private lines(step: Step, changes: Record<string, string> = {}): string {
    const found = BLOCKS.filter((block) => block.includes(STEPS[step]));
    if (found.length !== 1) throw new Error(`${found.length} blocks of the document are ${step}`);
    this.ran.add(found[0]!);
    const names = Array.from(VALUES!.matchAll(/^([A-Z]+)=/gm), ([, name]) => name!);
    const values = names.map((name) => `${name}=${quoted(this.values[name]!)}\n`).join('');
    const lines = found[0]!.replaceAll(/^([A-Z_]+)=.*$/gm, (line, name: string) =>
      name in changes ? `${name}=${quoted(changes[name]!)}` : line,
    );
    return values + lines;
  }
}

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, cpSync, globSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from './documented.js';
import { until } from './settle.js';

const START_TIMEOUT_MS = 60_000;
const execute = promisify(execFile);

/** A server of MySQL with the settings of a primary: a new one, with the users of `mysql/init/`, or one on data that are there. */
export class FreshMysql {
  private server?: ChildProcess;

  private constructor(
    private readonly directory: string,
    readonly port: number,
    private readonly programs: string,
  ) {}

  /**
   * @param programs directory of `mysqld` and `mysql`
   * @param data of another server, of which it gets a copy
   */
  static async start(port: number, programs: string, data?: string): Promise<FreshMysql> {
    // Not below the checkout: the path of a socket is limited to 107 bytes.
    const fresh = new FreshMysql(mkdtempSync(join(tmpdir(), 'sns-fresh-mysql-')), port, programs);
    try {
      fresh.writeSettings();
      if (data === undefined) await fresh.initialise();
      else cpSync(data, join(fresh.directory, 'data'), { recursive: true });
      await fresh.launch();
    } catch (error) {
      await fresh.remove();
      throw error;
    }
    return fresh;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Where root comes in, without a password. */
  get socket(): string {
    return join(this.directory, 'socket');
  }

  /** Ends the server and deletes its data. */
  async remove(): Promise<void> {
    if (this.server?.exitCode === null && this.server.kill('SIGKILL')) await once(this.server, 'close');
    rmSync(this.directory, { recursive: true, force: true });
  }

  private get settings(): string[] {
    const { directory } = this;
    return [`--defaults-file=${directory}/my.cnf`, `--datadir=${directory}/data`, `--init-file=${directory}/init.sql`];
  }

  private writeSettings(): void {
    const settings = ['common', 'primary'].map((name) => `!include ${join(ROOT, `mysql/${name}.cnf`)}\n`);
    writeFileSync(join(this.directory, 'my.cnf'), settings.join(''));
    const files = globSync('mysql/init/*.sql', { cwd: ROOT }).sort();
    files.splice(-1, 0, 'mysql/test/schemas.sql'); // the last file ends what the first begins
    const sql = files.map((file) => readFileSync(join(ROOT, file), 'utf8')).join('\n');
    writeFileSync(join(this.directory, 'init.sql'), sql);
  }

  private async initialise(): Promise<void> {
    await execute(join(this.programs, 'mysqld'), [...this.settings, '--disable-log-bin', '--initialize-insecure'], {
      timeout: START_TIMEOUT_MS,
    });
  }

  private async launch(): Promise<void> {
    const own = [
      `--socket=${this.socket}`,
      '--bind-address=127.0.0.1',
      `--port=${this.port}`,
      '--server-id=9',
      '--skip-replica-start',
    ];
    const logFile = join(this.directory, 'log');
    const log = openSync(logFile, 'a');
    const server = spawn(join(this.programs, 'mysqld'), [...this.settings, ...own], { stdio: ['ignore', log, log] });
    this.server = server;
    await once(server, 'spawn');
    closeSync(log);
    const answers = async () => {
      if (server.exitCode !== null) return true;
      await execute(join(this.programs, 'mysql'), ['--user=root', `--socket=${this.socket}`, '-e', 'SELECT 1']);
      return true;
    };
    await until(answers, { what: 'the new server to answer', timeoutMs: START_TIMEOUT_MS });
    if (server.exitCode !== null) throw new Error(readFileSync(logFile, 'utf8'));
  }
}

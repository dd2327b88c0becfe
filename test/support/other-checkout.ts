import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, runLines } from './documented.js';

/** What a clone does not have, or what is linked instead of copied. */
const NOT_COPIED = new Set(['.env', '.git', '.stack', 'node_modules']);

/**
 * This checkout once more, as if cloned, with what is slow to get: the dependencies, the build and the programs. Its services
 * are its own. It lies where the runner finds and ends whatever is left.
 */
export class OtherCheckout {
  private readonly directory = join(process.env['STACK_INSTANCE_DIR']!, 'checkout');

  /** @param offset of all its ports */
  constructor(private readonly offset: number) {
    mkdirSync(join(this.directory, '.stack'), { recursive: true });
    for (const name of readdirSync(ROOT).filter((each) => !NOT_COPIED.has(each))) {
      cpSync(join(ROOT, name), join(this.directory, name), { recursive: true });
    }
    for (const name of ['node_modules', '.stack/native'].filter((each) => existsSync(join(ROOT, each)))) {
      symlinkSync(join(ROOT, name), join(this.directory, name));
    }
  }

  /** Nothing of where the tests' services are; the mark by which the runner finds what a test leaves. */
  private get env(): NodeJS.ProcessEnv {
    const kept = ['PATH', 'HOME', 'STACK', 'DOCKER_HOST', 'STACK_INSTANCE_DIR'];
    const env = Object.fromEntries(kept.map((name) => [name, process.env[name]]));
    return { ...env, STACK_PORT_OFFSET: String(this.offset) };
  }

  /** Runs lines in it as {@link runLines} does. */
  run(lines: string): Promise<string> {
    return runLines(lines, this.env, this.directory);
  }

  /** Starts a command that goes on, as at a terminal of its own. */
  async start(line: string): Promise<RunningCommand> {
    const child = spawn('bash', ['-c', line], { cwd: this.directory, env: this.env, detached: true });
    await once(child, 'spawn');
    return new RunningCommand(child);
  }

  /** Its services must have ended. */
  remove(): void {
    rmSync(this.directory, { recursive: true });
  }
}

/** A command that goes on until it is interrupted. */
export class RunningCommand {
  /** All that it has printed. */
  output = '';
  readonly ended: Promise<number | null>;

  constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (this.output += String(chunk)));
    this.ended = new Promise((resolve) => child.once('close', resolve));
  }

  get isOver(): boolean {
    return this.child.exitCode !== null;
  }

  /** Ctrl-C: a terminal sends it to the command and all that it has started. @returns the exit code */
  async interrupt(): Promise<number | null> {
    if (!this.isOver) process.kill(-this.child.pid!, 'SIGINT');
    return this.ended;
  }
}

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pollUntil } from './poll.ts';
import { processesWorkingIn, worksInDeleted } from './proc.ts';
import { launch, terminate, type LaunchOptions } from './processes.ts';
import { messageOf, StackError } from './stack-error.ts';

/** What differs from service to service. */
export interface ServiceDefinition {
  name: string;
  /** Everything it listens on; the first is what clients use. */
  ports: readonly number[];
  directory: string;
  command: readonly string[];
  /** Variables that it is given besides this process's. */
  environment?: Readonly<Record<string, string>>;
  /** Inside `directory`, where the process works once it runs; it must lie there, for that tells it is ours. */
  workingDirectory: string;
  /** Text of the configuration files it was given: a change of it is a reason to restart the process. */
  configuration: string;
  /** Makes its data and configuration when they are missing. Called while it does not run. */
  prepare(): Promise<void>;
  /** Resolves when it serves; throws with the reason when it does not. */
  check(): Promise<void>;
}

/** A crash recovery of MySQL or a large append-only file may take a while; a healthy start takes about a second. */
const START_TIMEOUT_MS = 60_000;

/** One process of an instance. */
export class Service {
  readonly definition: ServiceDefinition;
  readonly #lifetime: LaunchOptions['lifetime'];

  constructor(definition: ServiceDefinition, lifetime: LaunchOptions['lifetime']) {
    this.definition = definition;
    this.#lifetime = lifetime;
  }

  get name(): string {
    return this.definition.name;
  }

  get logFile(): string {
    return join(this.definition.directory, `${this.name}.log`);
  }

  /** Its processes: one while it runs, none otherwise. */
  get pids(): number[] {
    return processesWorkingIn(this.definition.directory);
  }

  /** Whether it runs, with the command and configuration that it would be given now, on data that still exist. */
  isCurrent(): boolean {
    const { pids } = this;
    if (pids.length !== 1 || worksInDeleted(pids[0]!)) return false;
    return existsSync(this.#launchedFile) && readFileSync(this.#launchedFile, 'utf8') === this.#fingerprint;
  }

  /** Makes its data and configuration when they are missing; it must not run. */
  async prepare(): Promise<void> {
    mkdirSync(this.definition.directory, { recursive: true });
    await this.definition.prepare();
  }

  /** Starts the process without waiting until it serves. */
  async launch(): Promise<void> {
    await this.prepare();
    writeFileSync(this.#launchedFile, this.#fingerprint);
    await launch(this.definition.command, {
      workingDirectory: this.definition.workingDirectory,
      logFile: this.logFile,
      lifetime: this.#lifetime,
      environment: this.definition.environment,
    });
  }

  /** Waits until it serves, or until another check of it passes. Fails at once when its process has ended. */
  async waitUntilServing(check = () => this.definition.check()): Promise<void> {
    try {
      await pollUntil(check, {
        timeoutMs: START_TIMEOUT_MS,
        giveUp: () => (this.pids.length === 0 ? 'its process has ended' : undefined),
      });
    } catch (error) {
      throw new StackError(`${this.name} does not serve: ${messageOf(error)}`, {
        logFile: this.logFile,
        advice:
          'After the cause is removed, run the same command again; `npm run stack -- reset` begins with empty data.',
        cause: error,
      });
    }
  }

  async stop(): Promise<void> {
    await terminate(this.pids);
  }

  get #launchedFile(): string {
    return join(this.definition.directory, '.launched');
  }

  get #fingerprint(): string {
    const { command, environment, configuration } = this.definition;
    return createHash('sha256')
      .update(JSON.stringify([command, environment, configuration]))
      .digest('hex');
  }
}

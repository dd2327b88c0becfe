import { setTimeout as delay } from 'node:timers/promises';
import { lackOf, planPromotion, type Step } from './promotion-plan.js';
import { allOf, isLive, type KnownServer } from './server-state.js';
import type { Servers } from './servers.js';
import { primacyOf } from './topology.js';
import type { PromoteOptions } from './topology-options.js';
import { TopologyError } from './topology-error.js';

/** Writes wait all the while: a candidate that needs longer is not promoted. */
const CATCH_UP_SECONDS = 30;
/** Nobody can write anyway; a replica that lagged has this long to apply what it received, and as long again in a second run. */
const APPLY_SECONDS = 300;
/** Replicas connect again within a second; longer than this means that something is wrong with them. */
const REPLICAS_TIMEOUT_MS = 10_000;
const POLL_MS = 100;

type StepOf<Kind extends Step['do']> = Extract<Step, { do: Kind }>;
type Undo = { what: string; undo: () => Promise<void> };

/** Makes a server the primary. */
export class Promotion {
  /** How to take back what was done, latest first; empty once there is no way back. */
  private undos: Undo[] = [];
  private canBeTakenBack = true;

  constructor(
    private readonly servers: Servers,
    private readonly print: (line: string) => void,
    /** Aborted to give up, as long as that is possible. */
    private readonly signal: AbortSignal,
  ) {}

  /** @throws TopologyError when it was refused or could not be brought to its end; the message says how things are */
  async run(options: PromoteOptions): Promise<void> {
    const { steps, notes } = planPromotion(await this.lockedStates(options.server), this.servers.configured, options);
    if (steps.length === 0) this.print(`${options.server} is the primary already`);
    for (const [index, step] of steps.entries()) {
      if (step.do === 'detach') this.canBeTakenBack = false;
      try {
        this.print(`${index + 1}/${steps.length} ${await this.carryOut(step)}`);
      } catch (error) {
        throw await this.endOf(error as Error);
      }
    }
    for (const note of notes) this.print(note);
  }

  /** @throws TopologyError when somebody else has promoted another server since the operator decided */
  private async lockedStates(candidate: string): Promise<KnownServer[]> {
    const before = primacyOf(await this.servers.states(), this.servers.configured);
    await this.servers.lock();
    const states = await this.servers.states();
    const { term, holder } = primacyOf(states, this.servers.configured);
    if (term === before.term || holder?.name === candidate) return states;
    throw new TopologyError(
      `${holder?.name ?? 'another server'} has just been promoted: look at npm run mysql -- status`,
    );
  }

  /** Takes back what can be; says how things are. */
  private async endOf(error: Error): Promise<TopologyError> {
    if (!this.canBeTakenBack) {
      return new TopologyError(
        `${error.message}. The promotion is half done: run the same command again to finish it`,
        {
          cause: error,
        },
      );
    }
    for (const { what, undo } of this.undos.reverse()) {
      try {
        await undo();
        this.print(what);
      } catch (cause) {
        return new TopologyError(`${error.message}. It could not be taken back: ${(cause as Error).message}`, {
          cause,
        });
      }
    }
    return new TopologyError(`${error.message}. Everything is as it was`, { cause: error });
  }

  /** @returns what was done, as a line */
  private carryOut(step: Step): Promise<string> {
    switch (step.do) {
      case 'fence':
        return this.fence(step);
      case 'stop receiving':
        return this.stopReceiving(step);
      case 'apply received':
        return this.applyReceived(step);
      case 'catch up':
        return this.catchUp(step);
      case 'compare':
        return this.compare(step);
      case 'detach':
        return this.detach(step);
      case 'make durable':
        return this.makeDurable(step);
      case 'follow':
        return this.follow(step);
      case 'await replicas':
        return this.awaitReplicas(step);
      case 'open':
        return this.open(step);
      case 'begin term':
        return this.beginTerm(step);
    }
  }

  private async fence({ server: name }: StepOf<'fence'>): Promise<string> {
    const server = this.servers.get(name);
    const { writable } = await server.state();
    // Before the attempt: one that fails may have come half way.
    if (writable) this.undos.push({ what: `${name} takes writes again`, undo: () => server.open() });
    await server.fence();
    return `${name} takes no more writes`;
  }

  private async stopReceiving({ server: name }: StepOf<'stop receiving'>): Promise<string> {
    const server = this.servers.get(name);
    const { replication } = await server.state();
    if (replication && replication.receiver !== 'off') {
      this.undos.push({ what: `${name} receives again`, undo: () => server.startReceiving() });
      await server.stopReceiving();
    }
    return `${name} receives nothing more`;
  }

  private async applyReceived({ server: name }: StepOf<'apply received'>): Promise<string> {
    const state = await this.servers.get(name).state();
    const { replication, executed } = state;
    const all = allOf(state);
    if (replication && replication.applier !== 'on' && !executed.contains(all)) {
      throw new TopologyError(
        `${name} does not apply what it has received: ${replication.error || 'START REPLICA SQL_THREAD there'}`,
      );
    }
    if (!(await this.waitFor(name, all, APPLY_SECONDS))) {
      throw new TopologyError(
        `${name} has not applied what it received within ${APPLY_SECONDS} s; run the same command again`,
      );
    }
    return `${name} has applied everything that it received`;
  }

  private async catchUp({ server: name, with: old }: StepOf<'catch up'>): Promise<string> {
    const gtids = await this.servers.get(old).executed();
    if (!(await this.waitFor(name, gtids, CATCH_UP_SECONDS))) {
      throw new TopologyError(`${name} did not catch up with ${old} within ${CATCH_UP_SECONDS} s`);
    }
    return `${name} has everything that ${old} has`;
  }

  /** In slices, so that a signal is heard. */
  private async waitFor(name: string, gtids: ReturnType<typeof allOf>, seconds: number): Promise<boolean> {
    for (let waited = 0; waited < seconds; waited++) {
      if (this.signal.aborted) throw new TopologyError('interrupted');
      if (await this.servers.get(name).waitFor(gtids, 1)) return true;
    }
    return false;
  }

  private async compare({ server: name, others }: StepOf<'compare'>): Promise<string> {
    const live = (await this.servers.states()).filter(isLive);
    const candidate = live.find((server) => server.name === name)!;
    const lack = lackOf(
      candidate,
      live.filter((server) => others.includes(server.name)),
    );
    if (lack) {
      const advice = lack.better
        ? `promote ${lack.better}, which lacks nothing`
        : `none has everything; to give those up: --without ${lack.server}`;
      throw new TopologyError(
        `${name} lacks transactions that ${lack.server} has (${lack.gtids.toString()}): ${advice}`,
      );
    }
    return `${name} has everything that ${others.length > 0 ? others.join(' and ') : 'is left'} has`;
  }

  private async detach({ server: name }: StepOf<'detach'>): Promise<string> {
    await this.servers.get(name).detach();
    return `${name} replicates from nobody`;
  }

  private async makeDurable({ server: name }: StepOf<'make durable'>): Promise<string> {
    await this.servers.get(name).setRole('primary');
    return `${name} flushes every commit and waits for replicas`;
  }

  private async follow({ server: name, source }: StepOf<'follow'>): Promise<string> {
    const { reachedAt } = await this.servers.get(source).state();
    const server = this.servers.get(name);
    await server.fence();
    await server.setRole('replica');
    await server.follow(reachedAt);
    return `${name} replicates from ${source}`;
  }

  private async awaitReplicas({ server: name, count }: StepOf<'await replicas'>): Promise<string> {
    const deadline = performance.now() + REPLICAS_TIMEOUT_MS;
    for (;;) {
      const { replicas = 0 } = (await this.servers.get(name).semiSync()) ?? {};
      const text = replicas === 1 ? '1 replica that acknowledges' : `${replicas} replicas that acknowledge`;
      if (replicas >= count) return `${name} has ${text}`;
      // Writes without a second copy are better than none; the metric and its alert say so.
      if (performance.now() > deadline) return `${name} has only ${text}: see npm run mysql -- status`;
      await delay(POLL_MS);
    }
  }

  private async open({ server: name }: StepOf<'open'>): Promise<string> {
    await this.servers.get(name).open();
    return `${name} takes writes`;
  }

  private async beginTerm({ server: name, term }: StepOf<'begin term'>): Promise<string> {
    await this.servers.get(name).beginTerm(term);
    return `${name} is the primary, term ${term}`;
  }
}

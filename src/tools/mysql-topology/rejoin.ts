import { setTimeout as delay } from 'node:timers/promises';
import { unknownServer } from './promotion-plan.js';
import { isLive, type LiveServer } from './server-state.js';
import type { Servers } from './servers.js';
import { errantOf, primacyOf, replicatesFrom } from './topology.js';
import { TopologyError } from './topology-error.js';
import type { RejoinOptions } from './topology-options.js';

/** A replica connects within a second, or says why not. */
const START_TIMEOUT_MS = 15_000;
const POLL_MS = 100;

/** Makes a server that was away a replica of the primary. */
export class Rejoin {
  constructor(
    private readonly servers: Servers,
    private readonly print: (line: string) => void,
  ) {}

  /** @throws TopologyError when it was refused or could not be brought to its end */
  async run({ server: name, clone }: RejoinOptions): Promise<void> {
    await this.servers.lock();
    const known = await this.servers.states();
    const target = known.find((server) => server.name === name);
    if (!target) throw unknownServer(name, known);
    if (!isLive(target)) throw new TopologyError(`${name} does not answer: start it, then rejoin`);
    const { holder: primary, name: primaryName } = primacyOf(known, this.servers.configured);
    if (target === primary)
      throw new TopologyError(`${name} is the primary: to make another one the primary, promote that`);
    if (!primary) {
      throw new TopologyError(
        `the primary${primaryName ? ` ${primaryName}` : ''} does not answer: promote another server first`,
      );
    }
    const server = this.servers.get(name);
    await server.fence();
    this.print(`${name} takes no writes`);
    if (clone) return this.clone(name, primary);
    await this.refuseErrant(name);
    const { replication } = target.state;
    const isFollowing =
      replicatesFrom(target, primary) && replication?.receiver === 'on' && replication.applier === 'on';
    if (!isFollowing) {
      await server.setRole('replica');
      await server.follow(primary.state.reachedAt);
      await this.started(name);
    }
    this.print(`${name} replicates from ${primary.name}`);
    if (!primary.state.writable) {
      this.print(`${primary.name} takes no writes: npm run mysql -- promote ${primary.name} finishes what was begun`);
    }
  }

  /** Once nothing can be written to it: whatever it has beyond the primary would stay a difference for ever. */
  private async refuseErrant(name: string): Promise<void> {
    const known = await this.servers.states();
    const { holder: primary } = primacyOf(known, this.servers.configured);
    const target = known.filter(isLive).find((server) => server.name === name);
    if (!primary || !target) throw new TopologyError('a server went away meanwhile; run the same command again');
    const errant = errantOf(target, primary);
    if (errant.isEmpty) return;
    throw new TopologyError(
      `${name} has ${errant.count} that the primary ${primary.name} does not (${errant.toString()}): it stays read-only; if they may be lost: npm run mysql -- rejoin ${name} --clone`,
    );
  }

  private async clone(name: string, primary: LiveServer): Promise<void> {
    const server = this.servers.get(name);
    await server.detach();
    await server.setRole('replica');
    this.print(`${name} throws its data away and takes those of ${primary.name} …`);
    await server.cloneFrom(primary.state.reachedAt);
    this.print(
      `${name} has the data of ${primary.name} and shuts down; when it is up again: npm run mysql -- rejoin ${name}`,
    );
  }

  private async started(name: string): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      const { replication } = await this.servers.get(name).state();
      if (replication?.receiver === 'on' && replication.applier === 'on') return;
      const error = replication?.error ?? '';
      const hasStopped = replication?.receiver === 'off' || replication?.applier === 'off';
      if ((hasStopped && error !== '') || performance.now() > deadline) {
        throw new TopologyError(
          `${name} does not replicate: ${error || 'it does not reach the primary'}; if the primary has no longer what it lacks: npm run mysql -- rejoin ${name} --clone`,
        );
      }
      await delay(POLL_MS);
    }
  }
}

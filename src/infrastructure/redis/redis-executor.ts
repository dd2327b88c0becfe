import { Injectable } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';
import { inTime } from './deadline.js';
import { followWhenLate } from './late-commands.js';
import { answersOf, isAnswered, NodeFailure, sendPipeline } from './node-pipeline.js';
import { outcomesWithin, Outcomes, type Outcome } from './outcomes.js';
import { sendAgain, sendOnceMore } from './redirections.js';
import { CLUSTER, RedisBreakers } from './redis-breakers.js';
import { RedisClients, type RedisTraffic } from './redis-clients.js';
import type { RedisCommand } from './redis-command.js';
import type { RedisOptions } from './redis-options.js';
import { asRedisError, RedisUnavailableError, withinDeadline } from './redis-unavailable.error.js';
import { ReplicaChoice } from './replica-choice.js';
import { RequestBudgets } from './request-budgets.js';
import { groupByNode, type NodeGroup } from './slot-groups.js';
import { confirmWrites } from './write-confirmation.js';

/** How long a call of background work may take; it is tried again later. Those of a request share its budget. */
const BACKGROUND_MS = 10_000;

/** How long a read waits for a replica before the master is asked: many times what one takes, and less than half of a request's budget. */
const REPLICA_PATIENCE_MS = 40;

/** What all parts of one call share. */
interface Call {
  cluster: Cluster;
  outcomes: Outcomes;
  options: RedisOptions;
  endsAtMs: number;
}

/** Hears of every pipeline that a node was sent. */
export interface RedisObserver {
  answered(pipeline: Answered): void;
}

/** A pipeline that a node was sent, and what came back. */
export interface Answered {
  /** `host:port` */
  node: string;
  traffic: RedisTraffic;
  commands: readonly RedisCommand[];
  outcomes: readonly Outcome[];
  seconds: number;
}

/** Sends many commands in one pipeline a node and keeps the outcomes in the order of the commands. */
@Injectable()
export class RedisExecutor {
  private readonly observers: RedisObserver[] = [];
  private readonly replicas = new ReplicaChoice();

  constructor(
    private readonly clients: RedisClients,
    private readonly breakers: RedisBreakers,
    private readonly budgets: RequestBudgets,
  ) {}

  observe(observer: RedisObserver): void {
    this.observers.push(observer);
  }

  /**
   * What became of each command. One whose answer got lost is sent again, along the cluster's redirections, unless it is
   * marked `once`.
   *
   * @returns in the order of the commands; never rejects
   */
  async outcomes(commands: readonly RedisCommand[], options: RedisOptions): Promise<Outcome[]> {
    if (commands.length === 0) return [];
    if (options.traffic === 'background') return this.outcomesWithin(commands, options, BACKGROUND_MS);
    const budget = this.budgets.current;
    const { leftMs } = budget;
    if (leftMs > 0) return budget.spend(() => this.outcomesWithin(commands, options, leftMs));
    return commands.map(() => ({ error: new RedisUnavailableError('the request has waited for Redis long enough') }));
  }

  /**
   * Replies in the order of the commands.
   *
   * @throws RedisUnavailableError when there is no answer in time or no connection
   * @throws the first command's error that redirection and resending did not cure
   */
  async execute<T>(commands: readonly RedisCommand[], options: RedisOptions): Promise<T[]> {
    return (await this.outcomes(commands, options)).map((outcome) => {
      if (outcome.error) throw outcome.error;
      return outcome.reply as T;
    });
  }

  private outcomesWithin(commands: readonly RedisCommand[], options: RedisOptions, ms: number): Promise<Outcome[]> {
    const outcomes = new Outcomes(commands.length);
    const cluster = this.clients.for(options.traffic);
    const call: Call = { cluster, outcomes, options, endsAtMs: performance.now() + ms };
    const everything = { commands: [...commands], positions: commands.map((_, position) => position) };
    const work = this.send(call, everything).catch((error: unknown) => {
      for (const position of everything.positions) outcomes.set(position, { error: asRedisError(error) });
    });
    return outcomesWithin(ms, outcomes, work);
  }

  private async send(call: Call, group: NodeGroup): Promise<void> {
    if (!isReady(call.cluster)) {
      await this.guarded(call, CLUSTER, (ms) => withinDeadline(untilReady(call.cluster), ms));
    }
    if (call.options.read === 'replica') return this.askReplicas(call, group);
    return this.askMasters(call, group);
  }

  /** @throws RedisUnavailableError while the breaker is open; else what the work throws */
  private guarded<T>({ options, endsAtMs }: Call, node: string, work: (ms: number) => Promise<T>): Promise<T> {
    return this.breakers.within(options.traffic, node, endsAtMs - performance.now(), work);
  }

  private async askMasters(call: Call, group: NodeGroup): Promise<void> {
    const { cluster, outcomes } = call;
    const masters = nodesOf(cluster, 'master');
    const groups = groupByNode(group.commands, (slot) => cluster.slots[slot]?.[0]);
    const askOne = async (name: string, part: NodeGroup): Promise<void> => {
      const place = (index: number): number => group.positions[part.positions[index]!]!;
      const node = masters.get(name);
      if (!node) cluster.refreshSlotsCache(); // a connection that broke is forgotten until then
      const answer = await this.askMaster(call, name, node, part.commands);
      if (answer instanceof RedisUnavailableError) {
        return part.commands.forEach((_, index) => outcomes.set(place(index), { error: answer }));
      }
      const cured = part.commands.map((command, index) => {
        return cure(call, command, answer[index] ?? { error: new Error('the slot has no owner at the moment') });
      });
      if (call.options.replicated) {
        const all = await Promise.all(cured);
        const writer = answer.some(({ error }) => !error) ? node : undefined;
        const loss = await lossOf(cluster, writer, part.commands, all);
        all.forEach((outcome, index) => outcomes.set(place(index), loss ?? outcome));
      } else {
        await Promise.all(cured.map(async (outcome, index) => outcomes.set(place(index), await outcome)));
      }
    };
    await Promise.all([...groups].map(([name, part]) => askOne(name, part)));
  }

  /** @returns outcomes in the order of the commands, or why none was sent */
  private async askMaster(
    call: Call,
    name: string,
    node: Redis | undefined,
    commands: RedisCommand[],
  ): Promise<Outcome[] | RedisUnavailableError> {
    if (name === '') return [];
    try {
      return await this.guarded(call, name, (ms) => {
        return answersOf(commands, node && this.sendPipeline(node, commands, call.options.traffic), ms);
      });
    } catch (error) {
      if (error instanceof NodeFailure) return error.outcomes;
      if (error instanceof RedisUnavailableError) return error;
      throw error;
    }
  }

  private async askReplicas(call: Call, group: NodeGroup): Promise<void> {
    const { cluster, outcomes } = call;
    const replicas = nodesOf(cluster, 'slave');
    const isConnected = (name: string): boolean => !ENDED.has(replicas.get(name)?.status ?? 'end');
    this.replicas.next();
    const groups = groupByNode(group.commands, (slot) => this.replicas.of(cluster.slots[slot] ?? [], isConnected));
    const rest: NodeGroup = { commands: [], positions: [] };
    const leave = (part: NodeGroup, index: number): void => {
      rest.commands.push(part.commands[index]!);
      rest.positions.push(group.positions[part.positions[index]!]!);
    };
    const askOne = async (name: string, part: NodeGroup): Promise<void> => {
      const node = replicas.get(name);
      const results = node && (await patiently(this.sendPipeline(node, part.commands, call.options.traffic)));
      if (node && !results?.some(isAnswered)) this.replicas.leaveAlone(name);
      part.commands.forEach((_, index) => {
        const result = results?.[index];
        if (result && !result.error) outcomes.set(group.positions[part.positions[index]!]!, result);
        else leave(part, index);
      });
    };
    await Promise.all([...groups].map(([name, part]) => askOne(name, part)));
    // Slots without a healthy replica, and whatever a replica refused or did not answer.
    if (rest.commands.length > 0) await this.askMasters(call, rest);
  }

  private async sendPipeline(node: Redis, commands: RedisCommand[], traffic: RedisTraffic): Promise<Outcome[]> {
    const begunMs = performance.now();
    const answer = sendPipeline(node, commands);
    void followWhenLate(node, commands, answer);
    const outcomes = await answer;
    const seconds = (performance.now() - begunMs) / 1_000;
    const pipeline: Answered = { node: nameOf(node), traffic, commands, outcomes, seconds };
    for (const observer of this.observers) observer.answered(pipeline);
    return outcomes;
  }
}

/** States of a connection from which nothing comes any more. */
const ENDED = new Set(['end', 'close', 'reconnecting', 'disconnecting']);

/** States of a cluster client on its way to be ready. */
const CONNECTING = new Set(['connecting', 'connect']);

/** Refused by the wrong node, or without an answer: what can be done about it while there is time. */
async function cure({ cluster, endsAtMs }: Call, command: RedisCommand, outcome: Outcome): Promise<Outcome> {
  if (!outcome.error) return outcome;
  if (performance.now() >= endsAtMs) return { error: asRedisError(outcome.error) };
  try {
    const again = command.once ? sendOnceMore : sendAgain;
    return { reply: await again(cluster, command, outcome.error) };
  } catch (error) {
    return { error: asRedisError(error) };
  }
}

/** @returns the outcome of all, when writes that were acknowledged may be lost already */
async function lossOf(
  cluster: Cluster,
  writer: Redis | undefined,
  commands: readonly RedisCommand[],
  outcomes: readonly Outcome[],
): Promise<Outcome | undefined> {
  if (!outcomes.some(({ error }) => !error)) return undefined;
  try {
    await confirmWrites(cluster, writer, commands);
    return undefined;
  } catch (error) {
    return { error: asRedisError(error) };
  }
}

async function patiently(answer: Promise<Outcome[]>): Promise<Outcome[] | undefined> {
  try {
    return (await inTime(answer, REPLICA_PATIENCE_MS))?.value;
  } catch {
    return undefined; // the master will be asked
  }
}

const nodesOf = (cluster: Cluster, role: 'master' | 'slave'): Map<string, Redis> =>
  new Map(cluster.nodes(role).map((node) => [nameOf(node), node]));

const nameOf = ({ options }: Redis): string => `${options.host}:${options.port}`;

/** A cluster client that has not learnt the slots yet cannot group by owner, and one that still connects has no nodes. */
const isReady = (cluster: Cluster): boolean => cluster.slots.length > 0 && !CONNECTING.has(cluster.status);

const untilReady = (cluster: Cluster): Promise<void> =>
  new Promise((resolve, reject) => {
    cluster.delayUntilReady((error) => (error ? reject(error) : resolve()));
  });

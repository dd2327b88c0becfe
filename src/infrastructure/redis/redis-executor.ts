import { Injectable } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';
import { outcomesWithin, Outcomes, type Outcome } from './outcomes.js';
import { sendAgain, sendOnceMore } from './redirections.js';
import { RedisClients, type RedisTraffic } from './redis-clients.js';
import type { RedisCommand } from './redis-command.js';
import type { RedisOptions } from './redis-options.js';
import { asRedisError, isReplyError } from './redis-unavailable.error.js';
import { ReplicaChoice } from './replica-choice.js';
import { groupByNode, type NodeGroup } from './slot-groups.js';

/** How long a call may take altogether. A request has a fallback or an error to give; a job is tried again later. */
const DEADLINE_MS: Record<RedisTraffic, number> = { request: 500, background: 10_000 };

/** How long a write waits for a replica to have it, so that a failover loses less (`WAIT 1 100`). */
const REPLICA_WAIT_MS = 100;

/** How long a read waits for a replica before the master is asked: a hundred times what one takes. */
const REPLICA_PATIENCE_MS = 100;

/** Hears of every pipeline that a node was sent. */
export interface RedisObserver {
  /** @param node `host:port` */
  answered(node: string, commands: readonly RedisCommand[], outcomes: readonly Outcome[], seconds: number): void;
}

/** Sends many commands in one pipeline a node and keeps the outcomes in the order of the commands. */
@Injectable()
export class RedisExecutor {
  observer?: RedisObserver;
  private readonly replicas = new ReplicaChoice();

  constructor(private readonly clients: RedisClients) {}

  /**
   * What became of each command. One whose answer got lost is sent again, along the cluster's redirections, unless it is
   * marked `once`.
   *
   * @returns in the order of the commands; never rejects
   */
  async outcomes(commands: readonly RedisCommand[], options: RedisOptions): Promise<Outcome[]> {
    if (commands.length === 0) return [];
    const outcomes = new Outcomes(commands.length);
    const everything = { commands: [...commands], positions: commands.map((_, position) => position) };
    const work = this.send(everything, outcomes, options).catch((error: unknown) => {
      for (const position of everything.positions) outcomes.set(position, { error: asRedisError(error) });
    });
    return outcomesWithin(DEADLINE_MS[options.traffic], outcomes, work);
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

  private async send(group: NodeGroup, outcomes: Outcomes, options: RedisOptions): Promise<void> {
    const cluster = this.clients.for(options.traffic);
    await untilReady(cluster);
    if (options.read === 'replica') return this.askReplicas(cluster, group, outcomes, options);
    return this.askMasters(cluster, group, outcomes, options);
  }

  private async askMasters(
    cluster: Cluster,
    group: NodeGroup,
    outcomes: Outcomes,
    options: RedisOptions,
  ): Promise<void> {
    const masters = nodesOf(cluster, 'master');
    const groups = groupByNode(group.commands, (slot) => cluster.slots[slot]?.[0]);
    const askOne = async (name: string, part: NodeGroup): Promise<void> => {
      const node = masters.get(name);
      if (!node) cluster.refreshSlotsCache(); // a connection that broke is forgotten until then
      const results = node ? await this.sendPipeline(node, part.commands, options.replicated) : [];
      await Promise.all(
        part.commands.map(async (command, index) => {
          const result = results[index] ?? { error: new Error('the slot has no owner at the moment') };
          outcomes.set(group.positions[part.positions[index]!]!, await cure(cluster, command, result));
        }),
      );
    };
    await Promise.all([...groups].map(([name, part]) => askOne(name, part)));
  }

  private async askReplicas(
    cluster: Cluster,
    group: NodeGroup,
    outcomes: Outcomes,
    options: RedisOptions,
  ): Promise<void> {
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
      const results = node && (await patiently(this.sendPipeline(node, part.commands)));
      if (node && !results?.some(isAnswered)) this.replicas.leaveAlone(name);
      part.commands.forEach((_, index) => {
        const result = results?.[index];
        if (result && !result.error) outcomes.set(group.positions[part.positions[index]!]!, result);
        else leave(part, index);
      });
    };
    await Promise.all([...groups].map(([name, part]) => askOne(name, part)));
    // Slots without a healthy replica, and whatever a replica refused or did not answer.
    if (rest.commands.length > 0) await this.askMasters(cluster, rest, outcomes, options);
  }

  private async sendPipeline(node: Redis, commands: RedisCommand[], replicated = false): Promise<Outcome[]> {
    const begunMs = performance.now();
    const outcomes = await sendPipeline(node, commands, replicated);
    this.observer?.answered(nameOf(node), commands, outcomes, (performance.now() - begunMs) / 1_000);
    return outcomes;
  }
}

/** States of a connection from which nothing comes any more. */
const ENDED = new Set(['end', 'close', 'reconnecting', 'disconnecting']);

/** States of a cluster client on its way to be ready. */
const CONNECTING = new Set(['connecting', 'connect']);

const isAnswered = (outcome: Outcome): boolean => !outcome.error || isReplyError(outcome.error);

async function sendPipeline(node: Redis, commands: RedisCommand[], replicated: boolean): Promise<Outcome[]> {
  const pipeline = node.pipeline();
  for (const command of commands) pipeline.call(command.name, ...command.args);
  if (replicated) pipeline.call('wait', 1, REPLICA_WAIT_MS);
  const results = (await pipeline.exec()) ?? [];
  const ofCommands = results.slice(0, commands.length); // without the reply to WAIT
  return ofCommands.map(([error, reply]) => (error ? { error } : { reply }));
}

/** Refused by the wrong node, or without an answer: what can be done about it. */
async function cure(cluster: Cluster, command: RedisCommand, outcome: Outcome): Promise<Outcome> {
  if (!outcome.error) return outcome;
  try {
    const again = command.once ? sendOnceMore : sendAgain;
    return { reply: await again(cluster, command, outcome.error) };
  } catch (error) {
    return { error: asRedisError(error) };
  }
}

async function patiently(answer: Promise<Outcome[]>): Promise<Outcome[] | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), REPLICA_PATIENCE_MS);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } catch {
    return undefined; // the master will be asked
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined);
  }
}

const nodesOf = (cluster: Cluster, role: 'master' | 'slave'): Map<string, Redis> =>
  new Map(cluster.nodes(role).map((node) => [nameOf(node), node]));

const nameOf = ({ options }: Redis): string => `${options.host}:${options.port}`;

/** A cluster client that has not learnt the slots yet cannot group by owner, and one that still connects has no nodes. */
async function untilReady(cluster: Cluster): Promise<void> {
  if (cluster.slots.length > 0 && !CONNECTING.has(cluster.status)) return;
  await new Promise<void>((resolve, reject) => {
    cluster.delayUntilReady((error) => (error ? reject(error) : resolve()));
  });
}

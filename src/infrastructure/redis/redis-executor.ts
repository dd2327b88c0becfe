import { Injectable } from '@nestjs/common';
import type { Cluster, Redis } from 'ioredis';
import { groupByOwner, type NodeGroup } from './slot-groups.js';
import { RedisClients, type RedisTraffic } from './redis-clients.js';
import { withSource, type RedisCommand } from './redis-command.js';
import { withinDeadline } from './redis-unavailable.error.js';

/** How long a call may take altogether. A request has a fallback or an error to give; a job is tried again later. */
const DEADLINE_MS: Record<RedisTraffic, number> = { request: 500, background: 10_000 };

/** How long a write waits for a replica to have it, so that a failover loses less (`WAIT 1 100`). */
const REPLICA_WAIT_MS = 100;

export interface ExecuteOptions {
  traffic: RedisTraffic;
  /** Every node confirms that one replica has the writes, or 100 ms pass. Narrows, does not close, the window of loss. */
  replicated?: boolean;
}

/**
 * Sends many commands in one pipeline a node and returns the replies in the order of the commands.
 *
 * Commands must be idempotent: one whose answer got lost is sent again, along the cluster's redirections.
 */
@Injectable()
export class RedisExecutor {
  constructor(private readonly clients: RedisClients) {}

  /**
   * @throws RedisUnavailableError when there is no answer in time or no connection
   * @throws the first command's error that redirection and resending did not cure
   */
  async execute<T>(commands: readonly RedisCommand[], options: ExecuteOptions): Promise<T[]> {
    if (commands.length === 0) return [];
    return withinDeadline(this.send<T>(commands, options), DEADLINE_MS[options.traffic]);
  }

  private async send<T>(commands: readonly RedisCommand[], options: ExecuteOptions): Promise<T[]> {
    const cluster = this.clients.for(options.traffic);
    await untilReady(cluster);
    const replies: T[] = Array.from({ length: commands.length });
    const groups = groupByOwner(commands, cluster.slots);
    const nodes = new Map(cluster.nodes('master').map((node) => [`${node.options.host}:${node.options.port}`, node]));
    await Promise.all(
      [...groups].map(([owner, group]) => this.executeGroup(cluster, nodes.get(owner), group, replies, options)),
    );
    return replies;
  }

  private async executeGroup(
    cluster: Cluster,
    node: Redis | undefined,
    group: NodeGroup,
    replies: unknown[],
    options: ExecuteOptions,
  ): Promise<void> {
    const results = node ? await sendPipeline(node, group.commands, options) : [];
    await Promise.all(
      group.commands.map(async (command, index) => {
        const result = results[index];
        const [error, reply] = result ?? [new Error('the slot has no owner at the moment'), undefined];
        replies[group.positions[index]!] = error ? await resend(cluster, command, error) : reply;
      }),
    );
  }
}

type Result = [error: Error | null, reply: unknown];

async function sendPipeline(node: Redis, commands: RedisCommand[], options: ExecuteOptions): Promise<Result[]> {
  const pipeline = node.pipeline();
  for (const command of commands) pipeline.call(command.name, ...command.args);
  if (options.replicated) pipeline.call('wait', 1, REPLICA_WAIT_MS);
  return ((await pipeline.exec()) ?? []) as Result[];
}

/** Refusals that mean "not executed here"; the cluster client follows them, and the scripts' source cures the last one. */
const NOT_EXECUTED = /^(MOVED|ASK|TRYAGAIN|CLUSTERDOWN|LOADING|MASTERDOWN|NOSCRIPT|READONLY)\b/;

async function resend(cluster: Cluster, command: RedisCommand, error: Error): Promise<unknown> {
  const isReply = error.name === 'ReplyError';
  if (isReply && !NOT_EXECUTED.test(error.message)) throw error;
  const { name, args } = withSource(command);
  return cluster.call(name, ...args);
}

/** A cluster client that has not learnt the slots yet cannot group by owner. */
async function untilReady(cluster: Cluster): Promise<void> {
  if (cluster.slots.length > 0) return;
  await new Promise<void>((resolve, reject) => {
    cluster.delayUntilReady((error) => (error ? reject(error) : resolve()));
  });
}

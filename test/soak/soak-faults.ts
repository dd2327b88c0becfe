import { setTimeout as delay } from 'node:timers/promises';
import type { Deployment } from '../oracle/deployment.js';
import type { RedisNodes } from '../oracle/redis-nodes.js';
import type { CutOff } from '../support/cut-off.js';
import { services } from '../support/services.js';
import type { PlannedFault } from './soak-schedule.js';

const REPLICAS = ['mysql-replica-1', 'mysql-replica-2'];
const PRIMARY = 'mysql-primary';

/** What faults happen to. */
export interface Victims {
  deployment: Deployment;
  redis: RedisNodes;
  /** Concerns every API and worker. */
  cutOff: CutOff;
  env: NodeJS.ProcessEnv;
}

/** Lets a fault happen; resolves when it is over and what was killed is back. */
export async function happen({ kind, lastsMs, target }: PlannedFault, victims: Victims): Promise<void> {
  const { deployment, redis, env } = victims;
  const one = <T>(items: readonly T[]): T => items[target % items.length]!;
  const lasting = () => delay(lastsMs);
  switch (kind) {
    case 'api killed':
      return deployment.replace('main');
    case 'api restarted':
      return deployment.replace('main', 'SIGTERM');
    case 'api frozen':
      return deployment.whileFrozen('main', 1, lasting);
    case 'worker killed':
      return deployment.replace('worker');
    case 'worker restarted':
      return deployment.replace('worker', 'SIGTERM');
    case 'worker frozen':
      return deployment.whileFrozen('worker', 1, lasting);
    case 'replica killed':
      return services.whileDead(one(REPLICAS), lasting);
    case 'replica frozen':
      return services.whileFrozen(one(REPLICAS), lasting);
    case 'primary restarted':
      return services.whileDead(PRIMARY, () => Promise.resolve());
    case 'primary frozen':
      return services.whileFrozen(PRIMARY, lasting);
    case 'redis master killed':
      return redis.failOver(one);
    case 'redis node frozen':
      return redis.whileFrozen(one, lasting);
    case 'redis node cut off':
      return whileCutOff(victims.cutOff, one(env['REDIS_NODES']!.split(',')), lasting);
    case 'primary cut off':
      return whileCutOff(victims.cutOff, env['MYSQL_PRIMARY']!, lasting);
  }
}

async function whileCutOff(cutOff: CutOff, address: string, work: () => Promise<void>): Promise<void> {
  cutOff.from(Number(address.split(':')[1]));
  try {
    await work();
  } finally {
    cutOff.end();
  }
}

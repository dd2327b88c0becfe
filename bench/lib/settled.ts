// A state that has just been made goes on costing: replicas still execute it, and every server writes its dirty pages.
import { setTimeout as delay } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import type { Schema } from './schema.ts';
import { barePool, serversOf } from './servers.ts';
import { sharesSince, usageByName } from './usage.ts';

const REPLICATED_WITHIN_SECONDS = 600;
/** Of a processor, all services together: what they take when nothing is asked is less. */
const QUIET_CORES = 0.15;
const LOOK_EVERY_MS = 2_000;
const QUIET_WITHIN_MS = 180_000;

/**
 * Waits until every replica has executed what the primary has, and the services rest.
 *
 * @throws when a replica does not follow; services that do not rest are told of, since figures are worth that much less
 */
export async function untilSettled({ env, pool }: Schema): Promise<void> {
  const [[row]] = await pool.query<RowDataPacket[]>('SELECT @@GLOBAL.gtid_executed AS executed');
  const replicas = serversOf(env).slice(1);
  await Promise.all(
    replicas.map(async ({ name, address }) => {
      const replica = barePool(env, address, 1);
      const [[answer]] = await replica.query<RowDataPacket[]>('SELECT WAIT_FOR_EXECUTED_GTID_SET(?, ?) AS isLate', [
        row!.executed,
        REPLICATED_WITHIN_SECONDS,
      ]);
      await replica.end();
      if (Number(answer!.isLate) !== 0) throw new Error(`${name} did not follow in ${REPLICATED_WITHIN_SECONDS} s`);
    }),
  );
  const endMs = performance.now() + QUIET_WITHIN_MS;
  let cores = Infinity;
  while (cores > QUIET_CORES && performance.now() < endMs) {
    const before = usageByName(new Map());
    await delay(LOOK_EVERY_MS);
    const shares = Object.values(sharesSince(before, usageByName(new Map()), LOOK_EVERY_MS / 1_000));
    cores = shares.reduce((sum, share) => sum + share.cores, 0);
  }
  if (cores > QUIET_CORES) console.warn(`The services still use ${cores.toFixed(2)} cores while nothing is asked.`);
}

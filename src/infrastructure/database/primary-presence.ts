import { setTimeout as delay } from 'node:timers/promises';
import type { DatabaseNodes } from './database-nodes.js';

/** How long a primary that was away may take to show that it is back; one that is silent still would take a second. */
const BACK_WITHIN_MS = 250;

/** Looks whether the primary has just come back: then it answers at once. */
export async function primaryIsBack(nodes: DatabaseNodes): Promise<boolean> {
  await Promise.race([nodes.recheck(), delay(BACK_WITHIN_MS)]);
  return nodes.primaryUp;
}

/** Looks whether what is wrong with the primary is more than that it has much to do. */
export async function primaryAnswers(nodes: DatabaseNodes): Promise<boolean> {
  await nodes.recheck();
  return nodes.primaryUp;
}

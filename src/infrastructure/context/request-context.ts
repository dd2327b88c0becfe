import { AsyncLocalStorage } from 'node:async_hooks';
import type { TimeBudget } from '../resilience/time-budget.js';

/** What belongs to the request that is being served, wherever its asynchronous calls have come. */
export interface RequestContext {
  /** On every log line of the request. */
  requestId: string;
  /** Who acts; set once the access token is verified. On every log line from then on. */
  userId?: string;
  /** Where the user's last write is, once it has been looked up; see `OwnWrites`. */
  lastWrite?: Promise<string | undefined>;
  /** By which it is seen whether notes of the user's writes were lost, once it has been looked up; see `OwnWrites`. */
  notesMark?: string;
  /** What it may still wait for Redis, once it has; see `RequestBudgets`. */
  redisBudget?: TimeBudget;
}

/** Opened by the HTTP layer; background work has none. */
export const requestContext = new AsyncLocalStorage<RequestContext>();

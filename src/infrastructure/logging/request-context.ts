import { AsyncLocalStorage } from 'node:async_hooks';

/** What every log line of a request carries. */
export interface RequestContext {
  requestId: string;
  /** Set once the access token is verified. */
  userId?: string;
}

/** Follows a request through its asynchronous calls; opened by the HTTP layer, read by the logger. */
export const requestContext = new AsyncLocalStorage<RequestContext>();

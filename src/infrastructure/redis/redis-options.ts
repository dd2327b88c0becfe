import type { RedisTraffic } from './redis-clients.js';

/** How commands are to be carried out. */
export interface RedisOptions {
  /** Who waits for the answer; it decides how long one waits. */
  traffic: RedisTraffic;
  /**
   * Every node confirms that one replica has the writes. If none has within 100 ms, the other masters are asked whether the node
   * is still one of them. Narrows, does not close, the window of loss.
   */
  replicated?: boolean;
  /**
   * `replica`: a replica answers if there is a healthy one, else the master; replicas lag a little, so never for what
   * must be fresh. Default: the master.
   */
  read?: 'master' | 'replica';
}

/** Same options, same pipeline. */
export const optionsKey = ({ traffic, replicated = false, read = 'master' }: RedisOptions): string =>
  `${traffic}:${replicated}:${read}`;

/** Why a pool lent no connection: none became free in time, too many wait already, or the server cannot be reached. */
export type PoolFailure = 'timeout' | 'full' | 'connection';

/** Which pool of which server. */
export interface PoolIdentity {
  /** `host:port` */
  name: string;
  access: 'read' | 'write';
}

/** Who is told what happens on the pools: the metrics, or nobody. */
export interface PoolObserver {
  /** @param seconds until a connection was lent */
  acquired(pool: PoolIdentity, seconds: number): void;
  failed(pool: PoolIdentity, reason: PoolFailure): void;
  statement(pool: PoolIdentity): void;
}

/** What a server says of its own replication: the columns of SHOW REPLICA STATUS that count here. */
export interface ReplicaStatus {
  Replica_IO_Running: string;
  Replica_SQL_Running: string;
  /** Seconds; `null` while the lag cannot be known. */
  Seconds_Behind_Source: number | string | null;
  /** Empty until it has been connected once. */
  Source_UUID: string;
  Retrieved_Gtid_Set: string;
}

/** The primary as others see it. */
export interface PrimaryState {
  /** Somebody who reaches it knows it to be there. */
  up: boolean;
  /** Unknown until it has answered once. */
  serverUuid: string | undefined;
}

/** A replica among the others. */
export interface ReplicaStanding {
  /** It was well when it was looked at last. */
  serves: boolean;
  /** It has executed all that any of them has heard of; known while there is no primary. */
  complete: boolean;
}

/** How far behind a replica is, or why it serves no reads. */
export type ReplicaVerdict = { healthy: true; lagSeconds: number | undefined } | { healthy: false; reason: string };

/**
 * Pure: whether a replica may serve reads.
 *
 * One that has lost a primary which nobody reaches is as new as data can be, unless it had lost it before the others.
 *
 * @param status `undefined` when the server is no replica at all
 */
export function judgeReplica(
  status: ReplicaStatus | undefined,
  maxLagMs: number,
  primary: PrimaryState,
  { serves, complete }: ReplicaStanding,
): ReplicaVerdict {
  if (!status) return { healthy: false, reason: 'it does not replicate' };
  const follows = status.Source_UUID;
  if (primary.serverUuid && follows && follows !== primary.serverUuid) {
    return { healthy: false, reason: 'it replicates from a server that is not the primary' };
  }
  if (status.Replica_SQL_Running !== 'Yes') return { healthy: false, reason: 'it has stopped applying' };
  if (status.Replica_IO_Running !== 'Yes') {
    if (primary.up) return { healthy: false, reason: 'it has lost the primary' };
    if (!serves && !complete) return { healthy: false, reason: 'it had lost the primary before the others did' };
    return { healthy: true, lagSeconds: undefined };
  }
  if (status.Seconds_Behind_Source === null) return { healthy: false, reason: 'its lag is unknown' };
  const lagSeconds = Number(status.Seconds_Behind_Source);
  if (lagSeconds * 1_000 > maxLagMs) return { healthy: false, reason: `it is ${lagSeconds} s behind` };
  return { healthy: true, lagSeconds };
}

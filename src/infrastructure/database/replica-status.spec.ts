import { judgeReplica, type ReplicaStanding, type ReplicaStatus } from './replica-status.js';

const MAX_LAG_MS = 5_000;
const running: ReplicaStatus = {
  Replica_IO_Running: 'Yes',
  Replica_SQL_Running: 'Yes',
  Seconds_Behind_Source: 0,
  Source_UUID: 'P',
  Retrieved_Gtid_Set: '',
};
const NOTHING = { serves: false, complete: false };
const healthy = (changes: Partial<ReplicaStatus>, up = true, standing: Partial<ReplicaStanding> = {}): boolean =>
  judgeReplica({ ...running, ...changes }, MAX_LAG_MS, { up, serverUuid: 'P' }, { ...NOTHING, ...standing }).healthy;

describe(judgeReplica.name, () => {
  it('lets a replica serve that keeps up, and one that is just in time', () => {
    expect(healthy({})).toBe(true);
    expect(healthy({ Seconds_Behind_Source: 5 })).toBe(true);
    expect(healthy({ Seconds_Behind_Source: '4' })).toBe(true);
  });

  it('refuses one that is too far behind, or does not know how far', () => {
    expect(healthy({ Seconds_Behind_Source: 6 })).toBe(false);
    expect(healthy({ Seconds_Behind_Source: null })).toBe(false);
  });

  it('refuses one that has stopped applying, whatever else is so', () => {
    expect(healthy({ Replica_SQL_Running: 'No' })).toBe(false);
    expect(healthy({ Replica_SQL_Running: 'No' }, false)).toBe(false);
  });

  it('refuses one that alone has lost the primary, and keeps it when everybody has', () => {
    const lost = { Replica_IO_Running: 'Connecting', Seconds_Behind_Source: null };
    expect(healthy(lost, true, { serves: true, complete: true })).toBe(false);
    expect(healthy(lost, false, { serves: true })).toBe(true);
  });

  it('takes one that had lost the primary before the others did only if none of them knows more', () => {
    const lost = { Replica_IO_Running: 'No', Seconds_Behind_Source: null };
    expect(healthy(lost, false)).toBe(false);
    expect(healthy(lost, false, { complete: true })).toBe(true);
  });

  it('refuses one that follows another server than the primary, once it is known whom it follows', () => {
    expect(healthy({ Source_UUID: 'Q' })).toBe(false);
    expect(healthy({ Source_UUID: '' })).toBe(true);
  });

  it('refuses a server that is no replica', () => {
    expect(judgeReplica(undefined, MAX_LAG_MS, { up: true, serverUuid: 'P' }, NOTHING).healthy).toBe(false);
  });
});

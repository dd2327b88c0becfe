/** What happens beside a round of operations. */
export type Fault = 'none' | 'worker killed' | 'worker frozen' | 'api killed' | 'redis failover' | 'redis flushed';

/** How much time passes between two rounds. */
type Step = 'none' | 'minutes' | 'hours' | 'days' | 'so long that feeds are dropped';

/** What a run is like: each fault and step comes as often as its weight says. */
export interface Course {
  faults: Record<Fault, number>;
  steps: Record<Step, number>;
  /** Every other worker takes long, now and then, until it writes to Redis. */
  hasSlowWorkers: boolean;
  /** Of a feed. */
  maxEntries: number;
}

export const ORDINARY: Course = {
  faults: {
    none: 55,
    'worker killed': 28,
    'worker frozen': 0,
    'api killed': 8,
    'redis failover': 5,
    'redis flushed': 4,
  },
  steps: { none: 40, minutes: 20, hours: 25, days: 10, 'so long that feeds are dropped': 5 },
  hasSlowWorkers: false,
  maxEntries: 60,
};

/**
 * Finds mistakes soon: workers fail all the time, feeds are soon full, entries soon over. Without faults of Redis, so that
 * nothing depends on how long a failover takes.
 */
export const DENSE: Course = {
  faults: {
    none: 0,
    'worker killed': 50,
    'worker frozen': 50,
    'api killed': 0,
    'redis failover': 0,
    'redis flushed': 0,
  },
  steps: { none: 35, minutes: 0, hours: 25, days: 40, 'so long that feeds are dropped': 0 },
  hasSlowWorkers: false,
  maxEntries: 20,
};

/** The same for mistakes that show only when the world changes between what a worker reads and what it writes. */
export const SLUGGISH: Course = { ...DENSE, hasSlowWorkers: true };

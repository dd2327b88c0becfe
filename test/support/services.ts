type Action = 'kill' | 'stop' | 'start' | 'pause' | 'resume';

/** Names as `npm run stack -- status` shows them: `mysql-primary`, `mysql-replica-1`, `redis-1`, … */
async function act(name: string, action: Action): Promise<void> {
  const control = process.env['STACK_CONTROL_URL'];
  if (control === undefined) throw new Error('STACK_CONTROL_URL is not set: run the tests with npm test');
  const response = await fetch(`${control}/services/${name}/${action}`, { method: 'POST' });
  if (response.status !== 204)
    throw new Error(`${action} ${name} answered ${response.status}: ${await response.text()}`);
}

const REDIS_NODES = ['redis-1', 'redis-2', 'redis-3', 'redis-4', 'redis-5', 'redis-6'];

/** What failure tests do to the services. The runner does it for them, so that what is started again still ends with it. */
export const services = {
  /** SIGKILL; resolves when the process has ended. */
  kill: (name: string) => act(name, 'kill'),
  /** Resolves when it serves again. */
  start: (name: string) => act(name, 'start'),
  /** It neither answers nor refuses from now on. */
  pause: (name: string) => act(name, 'pause'),
  resume: (name: string) => act(name, 'resume'),

  /** Freezes a service while `work` runs: it neither answers nor refuses. */
  async whileFrozen<T>(name: string, work: () => Promise<T>): Promise<T> {
    await act(name, 'pause');
    try {
      return await work();
    } finally {
      await act(name, 'resume');
    }
  },

  /** Kills all of Redis, and starts it again after `work`. */
  async whileRedisIsDead<T>(work: () => Promise<T>): Promise<T> {
    await Promise.all(REDIS_NODES.map((node) => act(node, 'kill')));
    try {
      return await work();
    } finally {
      // At once: a node does not serve before it sees most of the others.
      await Promise.all(REDIS_NODES.map((node) => act(node, 'start')));
    }
  },

  /** Kills a service, and starts it again after `work`. */
  async whileDead<T>(name: string, work: () => Promise<T>): Promise<T> {
    await act(name, 'kill');
    try {
      return await work();
    } finally {
      await act(name, 'start');
    }
  },
};

import { createServer, type Server } from 'node:net';
import { REDIS_BUS_OFFSET, TEST_BLOCK_SIZE, testPorts, type Ports } from './ports.ts';
import { StackError } from './stack-error.ts';

/** Below Linux's ephemeral ports (from 32768), so that no outgoing connection sits on one; bus ports included. */
const FIRST_BASE = 20_000;
const BLOCKS = 104;

/** Listens on a port of 127.0.0.1; null when it is taken. */
function tryListen(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' || error.code === 'EACCES' ? resolve(false) : reject(error),
    );
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(true));
  });
}

/** Whether nobody listens on the port of 127.0.0.1. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const free = await tryListen(server, port);
  if (free) await new Promise((resolve) => server.close(resolve));
  return free;
}

/**
 * Finds a free block of ports for a test instance. `control` listens on the block's last port from then on, which
 * reserves the block against every other runner on the machine, whichever checkout it belongs to.
 */
export async function reserveTestPorts(control: Server): Promise<Ports> {
  const first = Math.floor(Math.random() * BLOCKS);
  for (let i = 0; i < BLOCKS; i++) {
    const base = FIRST_BASE + ((first + i) % BLOCKS) * TEST_BLOCK_SIZE;
    if (!(await tryListen(control, base + TEST_BLOCK_SIZE - 1))) continue;
    const ports = testPorts(base);
    const needed = [...Array(TEST_BLOCK_SIZE - 1).keys()].map((index) => base + index);
    needed.push(...ports.redis.map((port) => port + REDIS_BUS_OFFSET));
    const free = await Promise.all(needed.map(isFree));
    if (free.every(Boolean)) return ports;
    await new Promise((resolve) => control.close(resolve));
  }
  throw new StackError(`no free block of ${TEST_BLOCK_SIZE} ports was found from ${FIRST_BASE} on`);
}

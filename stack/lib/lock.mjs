import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Locks between the commands of one checkout. A lock is a listening local socket: the kernel frees it when its holder
 * ends, however it ends, so there is no stale lock to recognise. Linux's abstract sockets leave nothing on disk.
 * Plain JavaScript, because run.mjs needs it before the project's Node is there.
 */

const socketPath = (name) => {
  const id = `sns-stack-${createHash('sha256').update(name).digest('hex').slice(0, 32)}`;
  return process.platform === 'linux' ? `\0${id}` : join(tmpdir(), `${id}.sock`);
};

/** Listens on the lock's socket; null when somebody else does. */
const tryListen = (path, holder) =>
  new Promise((resolve, reject) => {
    const waiting = new Set();
    const server = createServer((socket) => {
      waiting.add(socket);
      socket.on('error', () => socket.destroy()); // a waiter that went away
      socket.on('close', () => waiting.delete(socket));
      socket.write(`${JSON.stringify(holder)}\n`);
      socket.unref();
    });
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(null) : reject(error)));
    server.listen({ path }, () => {
      server.unref();
      resolve({
        release: () => {
          server.close();
          for (const socket of waiting) socket.destroy();
        },
      });
    });
  });

/** Connects to the holder: says who it is and, when `wait`, returns only once it has gone. Null if it has gone already. */
const meetHolder = (path, wait, onHolder) =>
  new Promise((resolve, reject) => {
    const socket = connect({ path });
    let text = '';
    let holder = null;
    socket.on('data', (chunk) => {
      text += chunk;
      if (holder === null && text.includes('\n')) {
        holder = JSON.parse(text);
        onHolder(holder);
        if (!wait) socket.destroy();
      }
    });
    socket.on('error', (error) => {
      if (error.code === 'ECONNREFUSED' && process.platform !== 'linux') rmSync(path, { force: true });
      if (['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE'].includes(error.code)) resolve(holder);
      else reject(error);
    });
    socket.on('close', () => resolve(holder));
  });

/**
 * Takes the lock `name` (absolute path of what it protects, so that checkouts do not meet). When another process holds
 * it, `onHolder` is told which; then waits for it (`wait`, the default), or returns null.
 */
export async function acquireLock(name, { purpose = '', wait = true, onHolder = () => {} } = {}) {
  const path = socketPath(name);
  let told = false;
  for (;;) {
    const lock = await tryListen(path, { pid: process.pid, purpose });
    if (lock !== null) return lock;
    const holder = await meetHolder(path, wait, (found) => {
      if (!told) onHolder(found);
      told = true;
    });
    if (!wait && holder !== null) return null;
  }
}

// Preloaded into a worker of a test (`node --import`): now and then it takes long until what it sends to Redis is under
// way, as on a bad network, so that the world has changed between what it has read and what it writes.
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Of 100 sendings. */
const SLOW = 30;
const LONGEST_MS = 700;
const ports = new Set(process.env.TEST_SLOW_PORTS.split(',').map(Number));

/** A socket sends one after the other, so the order stays as it is. */
function slowed(send) {
  return function (...data) {
    if (!ports.has(this.remotePort) || Math.random() * 100 >= SLOW) return send.apply(this, data);
    void delay(Math.random() * LONGEST_MS).then(() => send.apply(this, data));
  };
}

Socket.prototype._write = slowed(Socket.prototype._write);
Socket.prototype._writev = slowed(Socket.prototype._writev);

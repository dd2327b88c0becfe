// Preloaded by processes of a test: cuts them off from the port that stands in a file, while it does. What is sent there goes
// nowhere, nothing comes back, and nobody is told; connections that were there then are gone when it is over.
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';

const LOOK_MS = 20;
const sockets = new Map();
let cut = 0;

const connect = Socket.prototype.connect;
Socket.prototype.connect = function (...args) {
  const [options] = Array.isArray(args[0]) ? args[0] : args;
  const port = Number(options?.port);
  if (port === 0 || Number.isNaN(port)) return connect.apply(this, args);
  if (port === cut) {
    this.connecting = true; // for ever
    return this;
  }
  sockets.set(this, port);
  this.once('close', () => sockets.delete(this));
  return connect.apply(this, args);
};

function silence(socket) {
  socket.pause();
  socket.resume = () => socket;
  socket.write = () => true;
  socket.end = () => socket;
}

setInterval(() => {
  const port = Number(readFileSync(process.env.TEST_CUT_OFF_FILE, 'utf8'));
  if (port === cut) return;
  const before = [...sockets].filter(([, to]) => to === (port || cut)).map(([socket]) => socket);
  cut = port;
  for (const socket of before) {
    if (port) silence(socket);
    else socket.destroy();
  }
}, LOOK_MS).unref();

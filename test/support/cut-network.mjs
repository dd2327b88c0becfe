// Preloaded by processes of a test: cuts them off from the port that stands in a file, while it does. What is sent there goes
// nowhere, nothing comes back, and nobody is told; connections that were there then are gone when it is over. With "held" behind the
// port they are not: what was sent arrives then, as it does when packets were lost for a while.
import { readFileSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';

const LOOK_MS = 20;
const file = process.env.TEST_CUT_OFF_FILE;
const sockets = new Map();
let state = '';
let cut = 0;
let endings = [];

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
  return () => socket.destroy();
}

function hold(socket) {
  const held = [];
  socket.write = (...args) => held.push(args) > 0;
  return () => {
    delete socket.write;
    for (const args of held) if (socket.writable) socket.write(...args);
  };
}

setInterval(() => {
  const asked = readFileSync(file, 'utf8');
  if (asked === state) return;
  state = asked;
  for (const end of endings.splice(0)) end();
  const [port, held] = state.split(' ');
  cut = Number(port);
  const cutOff = held ? hold : silence;
  if (cut) endings = [...sockets].filter(([, to]) => to === cut).map(([socket]) => cutOff(socket));
  writeFileSync(`${file}-now`, state);
}, LOOK_MS).unref();

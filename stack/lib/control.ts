import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Action, Backend } from './backend.ts';
import { messageOf } from './stack-error.ts';

/**
 * What the failure tests do to services goes through the runner, over HTTP, so that a service that a test starts
 * again is still the runner's and ends with it:
 *   GET  <url>/services                   [{service, state, isUp, …}]
 *   POST <url>/services/<name>/kill       SIGKILL; answers when it has ended
 *   POST <url>/services/<name>/stop       SIGTERM; the same
 *   POST <url>/services/<name>/start      answers when it serves again
 *   POST <url>/services/<name>/pause      it neither answers nor refuses from now on
 *   POST <url>/services/<name>/resume
 * <url> holds a secret, because every process of the machine can reach 127.0.0.1.
 */
const ACTIONS: readonly string[] = ['kill', 'stop', 'start', 'pause', 'resume'] satisfies Action[];

export interface Control {
  server: Server;
  /** The address for STACK_CONTROL_URL, once the server listens. */
  url(): string;
  /** From then on requests are answered. */
  serve(backend: Backend): void;
}

export function createControl(): Control {
  const secret = randomBytes(16).toString('hex');
  const server = createServer();
  return {
    server,
    url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${secret}`,
    serve(backend) {
      server.on('request', (request, response) => {
        handle(backend, secret, request).then(
          ({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(body),
          (error: unknown) => response.writeHead(500).end(messageOf(error)),
        );
      });
    },
  };
}

async function handle(backend: Backend, secret: string, { method, url = '' }: IncomingMessage) {
  const [, givenSecret, collection, name, action] = url.split('/');
  if (givenSecret !== secret || collection !== 'services') return { status: 404 };
  if (method === 'GET' && name === undefined) return { status: 200, body: JSON.stringify(await backend.status()) };
  if (method !== 'POST' || name === undefined || !ACTIONS.includes(action ?? '')) return { status: 404 };
  await backend.act(name, action as Action);
  return { status: 204 };
}

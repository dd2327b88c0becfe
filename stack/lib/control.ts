import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Instance } from './instance.ts';
import { kill, sendSignal } from './processes.ts';
import type { Service } from './service.ts';
import { messageOf } from './stack-error.ts';

/**
 * What the failure tests do to services goes through the runner, over HTTP, so that a service that a test starts
 * again is still the runner's and ends with it:
 *   GET  <url>/services                   [{name, ports, pid}], pid null when it does not run
 *   POST <url>/services/<name>/kill       SIGKILL, answers when it has ended
 *   POST <url>/services/<name>/stop       SIGTERM, the same
 *   POST <url>/services/<name>/start      answers when it serves again
 *   POST <url>/services/<name>/pause      SIGSTOP: it neither answers nor refuses
 *   POST <url>/services/<name>/resume     SIGCONT
 * <url> holds a secret, because every process of the machine can reach 127.0.0.1.
 */
const ACTIONS: Record<string, (service: Service) => Promise<void>> = {
  kill: (service) => kill(service.pids),
  stop: (service) => service.stop(),
  async start(service) {
    if (service.pids.length === 0) await service.launch();
    await service.waitUntilServing();
  },
  async pause(service) {
    for (const pid of service.pids) sendSignal(pid, 'SIGSTOP');
  },
  async resume(service) {
    for (const pid of service.pids) sendSignal(pid, 'SIGCONT');
  },
};

export interface Control {
  server: Server;
  /** The address for STACK_CONTROL_URL, once the server listens. */
  url(): string;
  /** From then on requests are answered. */
  serve(instance: Instance): void;
}

export function createControl(): Control {
  const secret = randomBytes(16).toString('hex');
  const server = createServer();
  return {
    server,
    url: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${secret}`,
    serve(instance) {
      server.on('request', (request, response) => {
        handle(instance, secret, request).then(
          ({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(body),
          (error: unknown) => response.writeHead(500).end(messageOf(error)),
        );
      });
    },
  };
}

async function handle(instance: Instance, secret: string, { method, url = '' }: IncomingMessage) {
  const [, givenSecret, collection, name, action] = url.split('/');
  if (givenSecret !== secret || collection !== 'services') return { status: 404 };
  if (method === 'GET' && name === undefined) {
    const list = instance.services.map((service) => ({
      name: service.name,
      ports: service.definition.ports,
      pid: service.pids[0] ?? null,
    }));
    return { status: 200, body: JSON.stringify(list) };
  }
  const service = instance.services.find((candidate) => candidate.name === name);
  const act = ACTIONS[action ?? ''];
  if (method !== 'POST' || service === undefined || act === undefined) return { status: 404 };
  await act(service);
  return { status: 200, body: JSON.stringify({ pid: service.pids[0] ?? null }) };
}

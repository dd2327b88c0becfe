import { once } from 'node:events';
import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;

/**
 * A load balancer, as simple as they come: it takes turns among the instances that say that they are ready, and keeps connections
 * to them. It repeats nothing: an instance that stops to listen before it was seen to be unready costs requests.
 */
export class Balancer {
  private readonly server: Server;
  private readonly agent = new Agent({ keepAlive: true });
  private readonly stopping = new AbortController();
  private readonly ready = new Set<string>();
  private instances: readonly string[] = [];
  private turn = 0;
  private looking: Promise<void>;

  private constructor() {
    this.server = createServer((incoming, outgoing) => void this.forward(incoming, outgoing));
    this.looking = this.look();
  }

  static async start(): Promise<Balancer> {
    const balancer = new Balancer();
    balancer.server.listen(0, '127.0.0.1');
    await once(balancer.server, 'listening');
    return balancer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Says which instances there are; each is sent requests once it has said that it is ready. @param urls of them */
  use(urls: readonly string[]): void {
    this.instances = urls;
    for (const url of this.ready) if (!urls.includes(url)) this.ready.delete(url);
  }

  isReady(url: string): boolean {
    return this.ready.has(url);
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.looking;
    this.agent.destroy();
    this.server.closeAllConnections();
    this.server.close();
  }

  private async look(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await Promise.all(
        this.instances.map(async (url) => {
          const isReady = await fetch(`${url}/health/ready`).then(
            ({ ok }) => ok,
            () => false,
          );
          if (isReady && this.instances.includes(url)) this.ready.add(url);
          else this.ready.delete(url);
        }),
      );
      await delay(LOOK_EVERY_MS, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private async forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const choice = [...this.ready];
    try {
      if (choice.length === 0) throw new Error('no instance is ready');
      await this.send(choice[this.turn++ % choice.length]!, incoming, body, outgoing);
    } catch (error) {
      outgoing.writeHead(502).end(String(error));
    }
  }

  private send(url: string, incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse): Promise<void> {
    return new Promise((resolve, reject) => {
      const { method, headers } = incoming;
      const outward = request(`${url}${incoming.url}`, { method, headers, agent: this.agent }, (answer) => {
        const { connection: _, 'transfer-encoding': __, ...kept } = answer.headers;
        outgoing.writeHead(answer.statusCode!, kept);
        answer.pipe(outgoing);
        answer.once('end', resolve);
        answer.once('error', reject);
      });
      outward.once('error', reject);
      outward.end(body);
    });
  }
}

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { outcome } from '../support/answers.js';
import { EveryRoute } from '../support/every-route.js';
import { bodySchemaOf, documentOf, resolve, routesOf } from '../support/openapi.js';
import { TestApp } from '../support/test-app.js';

/** A server that nobody but an attacker has named: whoever asks it anything was made to. */
class Canary {
  readonly visits: string[] = [];
  private constructor(private readonly server: Server) {
    server.on('request', (request, response) => {
      this.visits.push(`${request.method} ${request.url}`);
      response.end();
    });
    server.on('connection', (socket) => this.visits.push(`a connection from ${socket.remotePort}`));
  }

  static async listen(): Promise<Canary> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Canary(server);
  }

  get host(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
  }
}

describe('Addresses in requests (OWASP API7, server-side request forgery)', () => {
  let app: TestApp;
  let canary: Canary;

  beforeAll(async () => {
    app = await TestApp.start();
    canary = await Canary.listen();
  });
  afterAll(async () => {
    canary?.close();
    await app?.close();
  });

  /** Ways to write where the canary is. */
  const addresses = (): string[] => [
    `http://${canary.host}/latest/meta-data/`,
    `//${canary.host}/x.png`,
    `http://user:secret@${canary.host}/x.png`,
    `http://0x7f000001:${canary.host.split(':')[1]}/x.png`,
    `media/1/../../../../${canary.host}/x.png`,
    `file:///etc/passwd`,
    `gopher://${canary.host}/_x`,
  ];

  it('are taken for texts and fetched by nobody, in whatever field they stand', async () => {
    const document = documentOf(app);
    const every = await EveryRoute.create(app.database, app.api);
    for (const route of routesOf(document)) {
      const name = `${route.method} ${route.path}`;
      const me = await app.api.register();
      const { path, body } = every.gets[name]
        ? { path: every.gets[name], body: undefined }
        : await every.writes[name]!(me);
      for (const address of addresses()) {
        const query = `${path}${path.includes('?') ? '&' : '?'}url=${encodeURIComponent(address)}`;
        // Of what proxies and clients send; the Host header is tried in e2e/api-errors.spec.ts.
        const headers = {
          'x-forwarded-host': canary.host,
          'x-forwarded-for': canary.host,
          forwarded: `host=${canary.host}`,
          referer: address,
          origin: `http://${canary.host}`,
          'x-callback-url': address,
        };
        await me.request(route.method, route.method === 'GET' ? query : path, {
          headers,
          ...(body !== undefined && { body: {} }),
        });
        for (const [field, { items }] of Object.entries(bodySchemaOf(document, route)?.properties ?? {})) {
          const item = items?.$ref
            ? Object.fromEntries(Object.keys(resolve(document, items).properties!).map((key) => [key, address]))
            : address;
          const answer = await me.request(route.method, path, {
            body: { ...(body as object), [field]: items ? [item] : item },
          });
          expect([name, field, answer.status < 500]).toEqual([name, field, true]);
        }
      }
    }
    await app.settle();
    expect(canary.visits).toEqual([]);
  }, 120_000);

  it('are no media and no avatars', async () => {
    const me = await app.api.register();
    for (const address of addresses()) {
      const avatar = await me.request('PATCH', '/v1/users/me', { body: { avatarKey: address } });
      const post = await me.request('POST', '/v1/posts', { body: { content: 'x', mediaKeys: [address] } });
      expect([address, outcome(avatar), outcome(post)]).toEqual([
        address,
        expect.stringMatching(/^422 MEDIA_(NOT_UPLOADED|REJECTED)$/),
        expect.stringMatching(/^422 MEDIA_(NOT_UPLOADED|REJECTED)$/),
      ]);
    }
    expect((await me.user(me.id)).avatarUrl).toBeNull();
    expect(canary.visits).toEqual([]);
  });
});

import type { Member } from './api-client.js';
import { EveryRoute } from './every-route.js';
import type { TestApp } from './test-app.js';

/** Requests that are refused, each with something in it that nobody else has asked for. */
async function nonsense(app: TestApp, me: Member): Promise<void> {
  const odd = Math.random().toString(36).slice(2);
  await app.api.request('GET', `/v1/nothing/${odd}`);
  await app.api.request('GET', `/wp-admin/${odd}.php`);
  await app.api.request('GET', `/v1/users/${odd}`);
  await app.api.request('GET', '/v1/users/%E0%A4');
  await app.api.request('GET', `/v1/posts/${'9'.repeat(200)}`);
  await app.api.request('PROPFIND', `/${odd}`);
  await app.api.request('GET', '/v1/feed', { token: odd });
  await app.api.request('POST', '/v1/auth/login', { body: { login: odd, password: 'not the password' } });
  await app.api.request('POST', '/v1/posts', {
    token: me.token,
    rawBody: '{',
    headers: { 'content-type': 'application/json' },
  });
  await me.request('GET', `/v1/posts/${Math.floor(Math.random() * 1e15)}`);
}

/** Every route once, by people who are new, and requests that go wrong; then everything in the background is done. */
export async function everyRoute(app: TestApp): Promise<void> {
  const routes = await EveryRoute.create(app.database, app.api);
  for (const path of Object.values(routes.gets)) await routes.reader.request('GET', path);
  for (const [name, prepare] of Object.entries(routes.writes)) {
    const me = await app.api.register();
    const { path, body } = await prepare(me);
    await me.request(name.split(' ')[0]!, path, { body });
  }
  await nonsense(app, await app.api.register());
  await app.settle();
}

import { Validator } from '@seriousme/openapi-schema-validator';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyInstance } from 'fastify';
import { AppModule } from '../../src/app.module.js';
import { createApplication } from '../../src/bootstrap.js';
import { ERROR_STATUS } from '../../src/common/error-codes.js';
import { StructuredLogger } from '../../src/infrastructure/logging/structured-logger.js';
import { serveOpenApi } from '../../src/infrastructure/openapi/openapi.js';
import { ApiClient } from '../support/api-client.js';
import { documentedCodes, routesOf, type OpenApiDocument } from '../support/openapi.js';
import { startProcess } from '../support/processes.js';
import { urlOf } from '../support/test-app.js';
import { testConfig, testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

/** The table of the contract. Uploads come with the media. */
const CONTRACT = `
  POST /v1/auth/register
  POST /v1/auth/login
  POST /v1/auth/refresh
  POST /v1/auth/logout
  GET /v1/users/me
  PATCH /v1/users/me
  PUT /v1/users/me/password
  DELETE /v1/users/me
  GET /v1/users/{id}
  GET /v1/users/by-username/{username}
  GET /v1/users
  GET /v1/users/{id}/posts
  GET /v1/users/{id}/followers
  GET /v1/users/{id}/following
  PUT /v1/users/{id}/follow
  DELETE /v1/users/{id}/follow
  POST /v1/posts
  GET /v1/posts/{id}
  PATCH /v1/posts/{id}
  DELETE /v1/posts/{id}
  POST /v1/posts/{id}/comments
  GET /v1/posts/{id}/comments
  GET /v1/comments/{id}
  PATCH /v1/comments/{id}
  DELETE /v1/comments/{id}
  PUT /v1/posts/{id}/like
  DELETE /v1/posts/{id}/like
  GET /v1/posts/{id}/likes
  GET /v1/feed`
  .trim()
  .split(/\n\s*/);

/** For operators and readers of the document; none of them is for clients. */
const NOT_FOR_CLIENTS = /^\/(health|metrics|docs|openapi\.json)(\/|$)/;
const PUBLIC = /^POST \/v1\/auth\/(register|login|refresh)$/;

describe('The OpenAPI document', () => {
  let database: TestDatabase;
  let app: NestFastifyApplication;
  let document: OpenApiDocument;
  const served = new Set<string>();

  beforeAll(async () => {
    database = await TestDatabase.create();
    const config = testConfig(database.name, { PUBLIC_URL: 'https://sns.example.test' });
    app = await createApplication(AppModule.forRoot(config), config, new StructuredLogger(config, 'api'));
    const fastify: FastifyInstance = app.getHttpAdapter().getInstance();
    fastify.addHook('onRoute', ({ method, url }) => {
      for (const one of [method].flat()) served.add(`${one} ${url.replace(/:(\w+)/g, '{$1}')}`);
    });
    serveOpenApi(app, config.http.publicUrl);
    await app.listen(0, '127.0.0.1');
    document = (await new ApiClient(urlOf(app)).expect<OpenApiDocument>(200, 'GET', '/openapi.json')).body;
  });
  afterAll(async () => {
    await app?.close();
    await database?.drop();
  });

  const names = () => routesOf(document).map(({ method, path }) => `${method} ${path}`);

  it('is valid OpenAPI 3.1', async () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect(document.servers.map(({ url }) => url)).toEqual(['/', 'https://sns.example.test']);
    const result = await new Validator().validate({ ...document });
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    // A word of OpenAPI 3.0, which means nothing in 3.1.
    expect(JSON.stringify(document)).not.toContain('"nullable"');
  });

  it('has every row of the contract', () => {
    expect(CONTRACT.filter((row) => !names().includes(row))).toEqual([]);
  });

  it('has every route of the running server, and no other', () => {
    const routes = [...served].filter((route) => {
      const [method, path] = route.split(' ') as [string, string];
      // Fastify answers HEAD where there is a GET, and `*` is CORS.
      return !NOT_FOR_CLIENTS.test(path) && method !== 'HEAD' && method !== 'OPTIONS';
    });
    expect(routes.length).toBeGreaterThanOrEqual(CONTRACT.length);
    expect(names().toSorted()).toEqual(routes.toSorted());
  });

  it('says of every operation what it does, who may call it, and each answer', () => {
    const operations = routesOf(document);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const route of operations) {
      const { method, path, operation } = route;
      const name = `${method} ${path}`;
      expect([name, operation.tags?.length, operation.summary?.length]).toEqual([name, 1, expect.any(Number)]);
      expect([name, operation.security]).toEqual([name, PUBLIC.test(name) ? undefined : [{ bearer: [] }]]);
      expect([name, Object.keys(operation.responses).filter((status) => status < '400').length > 0]).toEqual([
        name,
        true,
      ]);
      for (const { in: place, name: parameter, required } of operation.parameters ?? []) {
        expect([name, parameter, required]).toEqual([name, parameter, place === 'path' || parameter === 'query']);
      }
      for (const code of documentedCodes(route)) {
        const status = String(ERROR_STATUS[code as keyof typeof ERROR_STATUS]);
        expect([name, code, operation.responses[status]?.description.includes(`\`${code}\``)]).toEqual([
          name,
          code,
          true,
        ]);
      }
    }
  });

  it('shows an example of every field that a client writes', () => {
    const bodies = Object.entries(document.components.schemas).filter(([name]) => name.endsWith('Request'));
    expect(bodies.length).toBeGreaterThan(8);
    for (const [name, schema] of bodies) {
      for (const [field, { example }] of Object.entries(schema.properties!)) {
        expect([name, field, example]).toEqual([name, field, expect.anything()]);
      }
    }
  });

  it('is the same from the built program', async () => {
    const program = await startProcess('main', testEnv(database.name, { PUBLIC_URL: 'https://sns.example.test' }));
    try {
      await program.ready();
      const { body } = await new ApiClient(program.url).expect<OpenApiDocument>(200, 'GET', '/openapi.json');
      expect(sorted(body)).toEqual(sorted(document));
    } finally {
      await program.stop('SIGTERM');
    }
  });
});

/** The order of parameters means nothing, and depends on what a compiler tells of their types. */
function sorted(document: OpenApiDocument): OpenApiDocument {
  const copy = structuredClone(document);
  for (const { operation } of routesOf(copy)) operation.parameters?.sort((a, b) => (a.name < b.name ? -1 : 1));
  return copy;
}

// What the application is compared with, in a process of its own: Fastify alone, with recorded answers.
//
// bare-server.ts static|calls FILE: `calls` asks of Redis, before each answer and after it, what the application asked.
import { readFileSync } from 'node:fs';
import fastify, { type FastifyReply } from 'fastify';
import { Cluster, type Redis } from 'ioredis';
import type { RecordedCalls, Sent } from './recorded-calls.ts';

/** As long as the application collects what follows its answers. */
const COLLECT_MS = 50;

const [mode, file] = process.argv.slice(2) as ['static' | 'calls', string];
const recorded = JSON.parse(readFileSync(file, 'utf8')) as RecordedCalls[];
const byToken = new Map(recorded.map((calls) => [`Bearer ${calls.token}`, calls]));
const server = fastify({ logger: false });

const answer = (reply: FastifyReply, body: string): FastifyReply =>
  reply.header('cache-control', 'private, no-store').type('application/json; charset=utf-8').send(body);

if (mode === 'static') {
  server.get('/v1/feed', (request, reply) => answer(reply, byToken.get(request.headers.authorization!)!.body));
} else {
  const nodes = await connect();
  const send = ({ node, commands }: Sent): Promise<unknown> => {
    const pipeline = nodes.get(node)!.pipeline();
    for (const { name, args } of commands) pipeline.call(name, ...args);
    return pipeline.exec();
  };
  let waiting: Sent[] = [];
  const flush = (): void => {
    const byNode = Map.groupBy(waiting, ({ node }) => node);
    waiting = [];
    for (const [node, parts] of byNode) void send({ node, commands: parts.flatMap(({ commands }) => commands) });
  };
  server.get('/v1/feed', async (request, reply) => {
    const { stages, afterwards, body } = byToken.get(request.headers.authorization!)!;
    for (const stage of stages) await Promise.all(stage.map(send));
    reply.raw.once('finish', () => {
      if (waiting.length === 0) setTimeout(flush, COLLECT_MS);
      waiting.push(...afterwards);
    });
    return answer(reply, body);
  });
}

/** Connections to all nodes, as the application has them. */
async function connect(): Promise<Map<string, Redis>> {
  const addresses = process.env.REDIS_NODES!.split(',').map((address) => {
    const [host, port] = address.split(':');
    return { host: host!, port: Number(port) };
  });
  const cluster = new Cluster(addresses, { scaleReads: 'master' });
  await new Promise((resolve) => cluster.once('ready', resolve));
  return new Map(cluster.nodes('all').map((node) => [`${node.options.host}:${node.options.port}`, node]));
}

process.on('SIGTERM', () => process.exit(0));
console.log(`listening on ${await server.listen({ port: 0, host: '127.0.0.1' })}`);

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './paths.ts';
import { pollUntil } from './poll.ts';
import { REDIS_BUS_OFFSET, type Ports } from './ports.ts';
import { runTool } from './processes.ts';
import { programCommand } from './programs.ts';
import type { ServiceDefinition } from './service.ts';
import { StackError } from './stack-error.ts';

const COMMAND_TIMEOUT_MS = 5_000;
const CREATE_TIMEOUT_MS = 60_000;
const STABLE_TIMEOUT_MS = 30_000;
const configurationFile = join(root, 'redis-cluster/redis.conf');

/** Sends one command to a node and answers what redis-cli prints. */
const redisCli = (args: readonly string[], timeoutMs = COMMAND_TIMEOUT_MS): Promise<string> =>
  runTool([...programCommand('redis-cli'), '-h', '127.0.0.1', ...args], { timeoutMs });

/** Written when the nodes have become a cluster: without it their data are those of an interrupted first start. */
const createdMarker = (directory: string): string => join(directory, 'redis-cluster-created');

export function redisNodes(directory: string, ports: Ports, previousPorts: Ports | undefined): ServiceDefinition[] {
  return ports.redis.map((port, index) => {
    const home = join(directory, `redis-${index + 1}`);
    return {
      name: `redis-${index + 1}`,
      ports: [port, port + REDIS_BUS_OFFSET],
      directory: home,
      workingDirectory: home,
      configuration: readFileSync(configurationFile, 'utf8'),
      command: [...programCommand('redis-server'), configurationFile, '--port', String(port), '--dir', home],
      async prepare() {
        if (!existsSync(createdMarker(directory))) rmSync(home, { recursive: true, force: true });
        mkdirSync(home, { recursive: true });
        if (previousPorts !== undefined) moveNodesFile(join(home, 'nodes.conf'), previousPorts, ports);
      },
      async check() {
        const answer = (await redisCli(['-p', String(port), 'ping'])).trim();
        if (answer !== 'PONG') throw new Error(answer);
        if (existsSync(createdMarker(directory))) await checkNode(port);
      },
    };
  });
}

/** A node remembers the addresses of the others; when STACK_PORT_OFFSET has changed they are all elsewhere. */
function moveNodesFile(file: string, from: Ports, to: Ports): void {
  if (!existsSync(file) || from.redis[0] === to.redis[0]) return;
  const moved = readFileSync(file, 'utf8').replace(/127\.0\.0\.1:(\d+)@\d+/g, (address, port: string) => {
    const target = to.redis[from.redis.indexOf(Number(port))];
    return target === undefined ? address : `127.0.0.1:${target}@${target + REDIS_BUS_OFFSET}`;
  });
  writeFileSync(file, moved);
}

/** Resolves when the node sees a whole cluster and, if it is a replica, has a link to its master. */
async function checkNode(port: number): Promise<void> {
  const cluster = await redisCli(['-p', String(port), 'cluster', 'info']);
  if (!cluster.includes('cluster_state:ok')) throw new Error('cluster_state is not ok');
  if (!cluster.includes('cluster_slots_ok:16384')) throw new Error('not all slots are served');
  if (!cluster.includes('cluster_known_nodes:6')) throw new Error('it does not know all six nodes');
  const replication = await redisCli(['-p', String(port), 'info', 'replication']);
  if (replication.includes('master_link_status:down')) throw new Error('it has no link to its master');
}

export const clusterIsCreated = (directory: string): boolean => existsSync(createdMarker(directory));

/** Makes the cluster of nodes that serve; three masters, each with a replica. */
export async function createCluster(directory: string, ports: Ports): Promise<void> {
  const addresses = ports.redis.map((port) => `127.0.0.1:${port}`);
  try {
    await redisCli(
      ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'],
      CREATE_TIMEOUT_MS,
    );
    await pollUntil(() => Promise.all(ports.redis.map(checkNode)), { timeoutMs: STABLE_TIMEOUT_MS });
  } catch (error) {
    const { stdout = '', message } = error as Error & { stdout?: string };
    throw new StackError(`The Redis Cluster could not be created: ${stdout.trim() || message}`, { cause: error });
  }
  writeFileSync(createdMarker(directory), '');
}

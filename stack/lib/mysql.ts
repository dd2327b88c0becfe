import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { initialSql, serverDirectories } from './mysql-template.ts';
import { root, type InstanceName } from './paths.ts';
import type { Ports } from './ports.ts';
import { runTool } from './processes.ts';
import { programCommand } from './programs.ts';
import { checkReplication } from './replication.ts';
import type { ServiceDefinition } from './service.ts';

/** A copy on a slow disk; a copy-on-write one takes no time. */
const COPY_TIMEOUT_MS = 120_000;

/** Roles move by promotions; this is the one that a server begins with. */
type Role = 'primary' | 'replica';

export interface MysqlServer extends ServiceDefinition {
  dataDirectory: string;
  hasData(): boolean;
  /** Gives a server that does not run the data of a template, or of another server that does not run either. */
  fill(from: string, kind: 'new' | 'copy'): Promise<void>;
}

/** Makes the server's allocator (see programs.ts) give freed memory back within a second. */
const MEMORY_SETTINGS = { MALLOC_CONF: 'narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0' };

const configurationFiles = (role: Role) => ['common', role].map((name) => join(root, `mysql/${name}.cnf`));

function server(
  instance: InstanceName,
  directory: string,
  name: string,
  port: number,
  { firstRole, serverId }: { firstRole: Role; serverId: number },
): MysqlServer {
  const home = join(directory, name);
  const overlay = join(home, 'my.cnf');
  const initFile = join(home, 'init.sql');
  const dataDirectory = join(home, 'data');
  // Written last when the data directory was made, without it the data are incomplete; holds where they came from.
  const marker = join(home, '.initialised');
  const hasData = () => existsSync(marker);
  /** A server whose data were copied from the primary must not begin as a second one, whatever its name is. */
  const role = () => (hasData() && readFileSync(marker, 'utf8') === 'copy' ? 'replica' : firstRole);
  return {
    name,
    ports: [port],
    directory: home,
    dataDirectory,
    workingDirectory: home,
    environment: MEMORY_SETTINGS,
    get configuration() {
      const files = configurationFiles(role()).map((file) => readFileSync(file, 'utf8'));
      return [...files, initialSql(instance)].join('\n');
    },
    command: [
      ...programCommand('mysqld'),
      `--defaults-file=${overlay}`,
      ...serverDirectories(),
      `--datadir=${dataDirectory}`,
      `--tmpdir=${home}`,
      `--init-file=${initFile}`,
      '--socket=mysql.sock', // in the data directory, where the server works; see runAsRoot
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      `--server-id=${serverId}`,
      '--report-host=127.0.0.1',
      `--report-port=${port}`,
    ],
    hasData,
    async fill(from, kind) {
      mkdirSync(home, { recursive: true });
      rmSync(dataDirectory, { recursive: true, force: true });
      await runTool(['cp', '-a', '--reflink=auto', from, dataDirectory], { timeoutMs: COPY_TIMEOUT_MS });
      // The copy is another server, and its role is not the one that the other was given.
      for (const file of ['auto.cnf', 'mysqld-auto.cnf']) rmSync(join(dataDirectory, file), { force: true });
      writeFileSync(marker, kind);
    },
    async prepare() {
      if (!hasData()) throw new Error('it has no data yet: `npm run stack -- up` gives it some');
      writeFileSync(initFile, initialSql(instance));
      const files = configurationFiles(role());
      writeFileSync(overlay, files.map((file) => `!include ${file}\n`).join(''));
    },
    check: () => checkReplication(port),
  };
}

/** Three servers; the first begins as the primary, the others as its replicas. */
export const mysqlServers = (instance: InstanceName, directory: string, ports: Ports): MysqlServer[] => [
  server(instance, directory, 'mysql-primary', ports.mysqlPrimary, { firstRole: 'primary', serverId: 1 }),
  ...ports.mysqlReplicas.map((port, index) =>
    server(instance, directory, `mysql-replica-${index + 1}`, port, { firstRole: 'replica', serverId: index + 2 }),
  ),
];

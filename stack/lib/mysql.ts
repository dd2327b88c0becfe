import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { queryAsMonitor, runAsRoot } from './mysql-client.ts';
import { ensureMysqlTemplate, serverDirectories } from './mysql-template.ts';
import { root, type InstanceName } from './paths.ts';
import type { Ports } from './ports.ts';
import { runTool } from './processes.ts';
import { programCommand } from './programs.ts';
import { checkReplication, ensureReplication } from './replication.ts';
import type { ServiceDefinition } from './service.ts';

/** A copy on a slow disk; a copy-on-write one takes no time. */
const COPY_TIMEOUT_MS = 120_000;

export interface MysqlServer extends ServiceDefinition {
  dataDirectory: string;
  /** Written last when the data directory was made: without it the data are incomplete. */
  marker: string;
}

/** Makes the server's allocator (see programs.ts) give freed memory back within a second. */
const MEMORY_SETTINGS = { MALLOC_CONF: 'narenas:2,dirty_decay_ms:1000,muzzy_decay_ms:0' };

const configurationFiles = (role: 'primary' | 'replica') =>
  ['common', role].map((name) => join(root, `mysql/${name}.cnf`));

function server(directory: string, name: string, port: number, role: 'primary' | 'replica', serverId: number) {
  const home = join(directory, name);
  const overlay = join(home, 'my.cnf');
  const dataDirectory = join(home, 'data');
  return {
    name,
    ports: [port],
    directory: home,
    dataDirectory,
    marker: join(home, '.initialised'),
    workingDirectory: home,
    environment: MEMORY_SETTINGS,
    configuration: configurationFiles(role)
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n'),
    command: [
      ...programCommand('mysqld'),
      `--defaults-file=${overlay}`,
      ...serverDirectories(),
      `--datadir=${dataDirectory}`,
      `--tmpdir=${home}`,
      '--socket=mysql.sock', // in the data directory, where the server works; see runAsRoot
      '--bind-address=127.0.0.1',
      `--port=${port}`,
      `--server-id=${serverId}`,
      '--report-host=127.0.0.1',
      `--report-port=${port}`,
    ],
    writeOverlay: () =>
      writeFileSync(
        overlay,
        configurationFiles(role)
          .map((file) => `!include ${file}\n`)
          .join(''),
      ),
  };
}

/** Copies a data directory of a server that does not run. */
async function copyData(from: string, to: MysqlServer): Promise<void> {
  rmSync(to.dataDirectory, { recursive: true, force: true });
  await runTool(['cp', '-a', '--reflink=auto', from, to.dataDirectory], { timeoutMs: COPY_TIMEOUT_MS });
  rmSync(join(to.dataDirectory, 'auto.cnf'), { force: true }); // the copy is another server
  writeFileSync(to.marker, '');
}

/**
 * The primary and its two replicas. A replica without data is a copy of the primary's, which must not run then:
 * `primaryIsNeeded` tells.
 */
export function mysqlServers(instance: InstanceName, directory: string, ports: Ports) {
  const primaryBase = server(directory, 'mysql-primary', ports.mysqlPrimary, 'primary', 1);
  const primary: MysqlServer = {
    ...primaryBase,
    async prepare() {
      primaryBase.writeOverlay();
      if (!existsSync(primary.marker)) await copyData(await ensureMysqlTemplate(instance), primary);
    },
    async check() {
      const [row] = await queryAsMonitor<{ readOnly: number }>(
        ports.mysqlPrimary,
        'SELECT @@GLOBAL.super_read_only AS readOnly',
      );
      if (row?.readOnly !== 0) throw new Error('it is read-only');
    },
  };
  const replicas = ports.mysqlReplicas.map((port, index): MysqlServer => {
    const base = server(directory, `mysql-replica-${index + 1}`, port, 'replica', index + 2);
    const replica: MysqlServer = {
      ...base,
      async prepare() {
        base.writeOverlay();
        if (!existsSync(replica.marker)) await copyData(primary.dataDirectory, replica);
      },
      check: () => checkReplication(port),
    };
    return replica;
  });
  return { primary, replicas };
}

/** Tells a replica, once it answers, where its primary is. Changes nothing when it knows. */
export const connectReplica = (replica: MysqlServer, primaryPort: number): Promise<void> =>
  ensureReplication(replica.ports[0]!, primaryPort, (sql) => runAsRoot(replica.dataDirectory, sql));

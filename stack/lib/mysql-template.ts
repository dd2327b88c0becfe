import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { acquireLock } from './lock.mjs';
import { nativeDirectory, root, type InstanceName } from './paths.ts';
import { runTool } from './processes.ts';
import { step } from './progress.ts';
import { programCommand, programsDirectory, programsRoot } from './programs.ts';
import { StackError } from './stack-error.ts';

const INITIALISE_TIMEOUT_MS = 120_000;

/** Where the fetched server finds its own files; it was built for /usr. */
export const serverDirectories = (): string[] => [
  `--basedir=${join(programsRoot, 'usr')}`,
  `--plugin-dir=${join(programsRoot, 'usr/lib/mysql/plugin')}`,
  `--lc-messages-dir=${join(programsRoot, 'usr/share/mysql')}`,
  `--character-sets-dir=${join(programsRoot, 'usr/share/mysql/charsets')}`,
  ...(process.getuid?.() === 0 ? ['--user=root'] : []),
];

/** The SQL that a server begins every start with: the same files as with Compose, and the tests' own. */
export function initialSql(instance: InstanceName): string {
  const files = globSync('mysql/init/*.sql', { cwd: root }).sort();
  if (instance === 'test') files.splice(-1, 0, 'mysql/test/schemas.sql'); // the last file ends what the first begins
  return files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
}

/**
 * The path of a data directory that was initialised once and is copied for every new server: an initialisation takes
 * seconds, a copy tenths. Made anew when the programs, the settings or the initial SQL change.
 */
export async function ensureMysqlTemplate(instance: InstanceName): Promise<string> {
  const sql = initialSql(instance);
  const settings = readFileSync(join(root, 'mysql/common.cnf'), 'utf8');
  const key = createHash('sha256').update(programsDirectory).update(settings).update(sql).digest('hex').slice(0, 12);
  const template = join(nativeDirectory, `mysql-template-${instance}-${key}`);
  const marker = join(template, '.initialised');
  if (existsSync(marker)) return join(template, 'data');

  const lock = await acquireLock(template, { purpose: 'initialising MySQL' });
  try {
    if (!existsSync(marker)) {
      await step('MySQL data directory', () => initialise(template, sql));
      writeFileSync(marker, '');
    }
  } finally {
    lock.release();
  }
  return join(template, 'data');
}

async function initialise(template: string, sql: string): Promise<void> {
  // Those of other settings, or left by an interruption.
  const family = basename(template).replace(/\w+$/, '');
  const others = readdirSync(nativeDirectory).filter((name) => name.startsWith(family));
  for (const name of others) rmSync(join(nativeDirectory, name), { recursive: true });
  mkdirSync(template, { recursive: true });
  const sqlFile = join(template, 'init.sql');
  writeFileSync(sqlFile, sql);
  try {
    await runTool(
      [
        ...programCommand('mysqld'),
        `--defaults-file=${join(root, 'mysql/common.cnf')}`,
        ...serverDirectories(),
        `--datadir=${join(template, 'data')}`,
        `--log-error=${join(template, 'initialise.log')}`,
        '--disable-log-bin', // every server begins with the same users and an empty history
        '--initialize-insecure',
        `--init-file=${sqlFile}`,
      ],
      { timeoutMs: INITIALISE_TIMEOUT_MS },
    );
  } catch (error) {
    throw new StackError('A MySQL data directory could not be initialised', {
      logFile: join(template, 'initialise.log'),
      cause: error,
    });
  }
  rmSync(join(template, 'data/auto.cnf')); // the server's identity: each copy makes its own
}

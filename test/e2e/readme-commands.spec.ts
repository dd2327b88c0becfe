import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FeedPage } from '../support/contract.js';
import { commandBlocks, documentText, runLines } from '../support/documented.js';
import { TestApp } from '../support/test-app.js';
import { testEnv } from '../support/test-config.js';

const readme = documentText('README.md');
const BLOCKS = commandBlocks(readme);
/** First cells of the table of commands. */
const TABLE = Array.from(readme.matchAll(/^\| `(npm [^`]+)` /gm), ([, command]) => command!);

/** Where the rest of the README's commands is run. */
const ELSEWHERE: Record<string, string> = {
  'npm start': 'e2e/readme-start.spec.ts',
  'npm test': 'this is it',
  'npm run check': '.ci/run',
  'npm run property': 'failure/feed-property.spec.ts',
  'npm run fuzz': 'security/fuzz.spec.ts',
  'npm run soak': 'failure/soak.spec.ts',
};

describe('The commands of the README', () => {
  let app: TestApp;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    app = await TestApp.start();
    // As somebody has it who has just cloned the project, but for where the services are.
    const { NODE_OPTIONS: _, ...inherited } = testEnv(app.database.name);
    env = { ...inherited, NODE_ENV: 'development' };
  });
  afterAll(() => app?.close());

  const run = (lines: string) => runLines(lines, env);

  it('are all run, here or where it is written', () => {
    const here = ['npm run load', 'npm run stack', 'npm run mysql', 'npm run outbox'];
    const blocks = BLOCKS.flatMap((block) => block.split('\n')).filter((line) => line.startsWith('npm '));
    for (const command of [...blocks, ...TABLE]) {
      const name = /^npm (run )?[a-z]+/.exec(command)![0];
      expect([command, name in ELSEWHERE || here.includes(name)]).toEqual([command, true]);
    }
    expect(TABLE.length).toBeGreaterThanOrEqual(8);
  });

  it('take two people from an account to a post in a feed, as they are written', async () => {
    const walk = BLOCKS.find((block) => block.includes('/auth/register'))!;
    expect(walk).toContain('http://localhost:3000');
    const output = await run(walk.replace('http://localhost:3000', app.api.url));
    const [, post, feed] = /^(\{.*?\})(\{"items".*\})$/s.exec(output.trim())!;
    expect(JSON.parse(post!)).toMatchObject({ content: 'Hello, Bob! 👋', author: { username: 'ann' } });
    // Bob may have been quicker than the worker.
    const items = (JSON.parse(feed!) as FeedPage).items.map((item) => item.post.content);
    expect([[], ['Hello, Bob! 👋']]).toContainEqual(items);
  });

  it('load a graph, and change nothing when it is loaded twice', async () => {
    const load = BLOCKS.find((block) => block.startsWith('npm run load'))!;
    await run(load);
    const count = async () => (await app.database.query('SELECT COUNT(*) AS `rows` FROM follows'))[0];
    const once = await count();
    expect(Number((once as { rows: string }).rows)).toBeGreaterThan(4_000);
    await run(load);
    expect(await count()).toEqual(once);
  });

  it('make the file that is linked to ready to be loaded', async () => {
    const ready = /`(zcat [^`]+)`/.exec(readme)![1]!;
    const directory = mkdtempSync(join(tmpdir(), 'sns-graph-'));
    try {
      // As its first lines are, with either end of line.
      const lines = ['# Directed graph', '# FromNodeId\tToNodeId', '0\t0', '0\t1', '0\t2', '1\t0\r', '1\t1\r'];
      writeFileSync(join(directory, 'soc-Slashdot0902.txt.gz'), gzipSync(lines.join('\n')));
      await runLines(ready, env, directory);
      const output = await run(`npm run load -- --strict --graph ${directory}/slashdot.tsv`);
      expect(output).toMatch(/^  follows +3 read/m);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('show how the services and the background work are', async () => {
    expect(await run('npm run mysql -- status')).toMatch(/primary/);
    expect(await run('npm run outbox -- list')).toMatch(/./);
    // It says by its exit code that some services are not up: those that only tests of alerts start.
    expect(await run('npm run stack -- status --instance test || true')).toMatch(/^mysql-primary .*\bup\b/m);
  });
});

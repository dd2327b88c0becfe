// The state that benchmarks of reading start from: the follow graph of a real network, loaded as `npm run load` does it, and posts of its users.
//
// Without --graph=FILE the graph is generated: as many users as the Slashdot Zoo has, who follow and are followed as those do.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Pool } from 'mysql2/promise';
import { chance } from './chance.ts';
import { makeFollows } from './graph.ts';
import { options, scaled } from './options.ts';
import { insertRows, type Schema } from './schema.ts';

/** Users of the Slashdot Zoo. */
const USERS = scaled(82_168, 2_000);
/** Posts are as old as that at most: all of them live. */
const OLDEST_MS = 6 * 86_400_000;
const CONTENT = 'x'.repeat(200);
const LINES = 10_000;
const POSTS_SEED = 2;

interface LoadedUser {
  id: string;
  followers: number;
  following: number;
}

export interface LoadedGraph {
  /** For results. */
  about: { graph: string; users: number; follows: number };
  /** The most followed first. */
  users: LoadedUser[];
}

/** Loads the graph into a schema whose API and workers do not run yet. */
export async function loadGraph({ env, pool }: Schema): Promise<LoadedGraph> {
  const directory = mkdtempSync(join(tmpdir(), 'sns-bench-'));
  try {
    const file = options.graph ?? writeGraph(join(directory, 'generated.tsv'));
    const command = [join(import.meta.dirname, '../../dist/load.js'), '--graph', file];
    execFileSync(process.execPath, command, { env, stdio: 'inherit' });
    await pool.query('DELETE FROM outbox_events'); // they drop feeds that were built before, and there is none
    const [rows] = await pool.query(
      `SELECT u.id, COALESCE(c.follower_count, 0) AS followers, COALESCE(c.following_count, 0) AS following
         FROM users u LEFT JOIN user_counts c ON c.user_id = u.id`,
    );
    const users = (rows as { id: string; followers: number | string; following: number | string }[])
      .map(({ id, followers, following }) => ({ id, followers: Number(followers), following: Number(following) }))
      .toSorted((a, b) => b.followers - a.followers);
    const follows = users.reduce((sum, { followers }) => sum + followers, 0);
    const graph = options.graph ? basename(options.graph) : 'generated with the degrees of soc-Slashdot0902';
    return { about: { graph, users: users.length, follows }, users };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function writeGraph(path: string): string {
  const file = openSync(path, 'w');
  let lines: string[] = [];
  const flush = (): void => {
    writeSync(file, lines.join(''));
    lines = [];
  };
  for (const [follower, followee] of makeFollows(USERS)) {
    lines.push(`${follower + 1}\t${followee + 1}\n`);
    if (lines.length === LINES) flush();
  }
  flush();
  closeSync(file);
  return path;
}

/** As many posts of everybody, evenly over the last days, authors in an order that chance gives. */
export async function createPosts(pool: Pool, authors: readonly string[], each: number): Promise<void> {
  const { shuffle } = chance(POSTS_SEED);
  const stepMs = OLDEST_MS / (authors.length * each);
  const startMs = Date.now() - OLDEST_MS;
  for (let turn = 0; turn < each; turn++) {
    const rows = shuffle([...authors]).map((author, index) => {
      return [author, CONTENT, new Date(startMs + (turn * authors.length + index) * stepMs)];
    });
    await insertRows(pool, 'posts (author_id, content, created_at)', rows);
  }
}

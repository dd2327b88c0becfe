import { Injectable } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { PasswordHasher } from '../../infrastructure/passwords/password-hasher.js';
import { FollowsImportWriter, type Follow } from '../../modules/follows/follows-import.writer.js';
import { UsersImportWriter } from '../../modules/users/users-import.writer.js';
import { parseLine } from './graph-line.js';
import { linesOf } from './lines.js';
import { LoadError } from './load-error.js';
import { LoadReport } from './load-report.js';
import { NodeUsers } from './node-users.js';

/** Follows of a transaction: more are hardly faster and hold locks that users of the API wait for. */
const BATCH = 5_000;

export interface LoadRequest {
  /** The graph, unpacked. */
  chunks: AsyncIterable<Buffer>;
  /** Filled while the load runs, so that it tells how far it came even if it fails. */
  report: LoadReport;
  /** Stop at the first bad line. */
  strict: boolean;
  /** Aborted to stop after the batch that is running. */
  signal: AbortSignal;
  onBadLine: (number: number, reason: string, text: string) => void;
  onProgress: () => void;
}

interface Edge {
  follower: number;
  followee: number;
}

/** Brings a follow graph into the database, batch by batch. A batch is there as a whole or not at all. */
@Injectable()
export class GraphLoader {
  constructor(
    private readonly users: UsersImportWriter,
    private readonly follows: FollowsImportWriter,
    private readonly passwords: PasswordHasher,
    private readonly config: AppConfig,
  ) {}

  /** @throws LoadError when it cannot go on; what was loaded before stays */
  async load(request: LoadRequest): Promise<void> {
    const { report, signal } = request;
    const nodes = new NodeUsers(this.users, await this.passwords.hash(this.config.load.password));
    for await (const { edges, lastLine } of batchesOf(request)) {
      if (signal.aborted) return;
      await this.importBatch(edges, nodes, report);
      report.line = lastLine;
      request.onProgress();
    }
    report.isComplete = !signal.aborted;
  }

  private async importBatch(edges: readonly Edge[], nodes: NodeUsers, report: LoadReport): Promise<void> {
    const ids = await nodes.idsOf(new Set(edges.flatMap(({ follower, followee }) => [follower, followee])));
    report.usersCreated = nodes.created;
    report.usersExisting = nodes.existing;
    const follows = differentFollows(edges, ids);
    const { created, refused, followerIds } = await this.follows.importMany(follows);
    report.followsRead += edges.length;
    report.followsCreated += created;
    report.followsRefused += refused;
    for (const id of followerIds) report.changedUsers.add(id);
  }
}

/** Gathers the follows of a graph; bad lines are counted, told and skipped. */
async function* batchesOf({ chunks, report, strict, onBadLine }: LoadRequest) {
  let edges: Edge[] = [];
  let line = 0;
  for await (const { firstNumber, texts } of linesOf(chunks)) {
    for (const [index, text] of texts.entries()) {
      line = firstNumber + index;
      const parsed = parseLine(text);
      if (parsed.kind === 'follow') edges.push(parsed);
      if (parsed.kind === 'bad') {
        if (strict) throw new LoadError(`line ${line}: ${parsed.reason}: ${shown(text)}`);
        report.badLines++;
        onBadLine(line, parsed.reason, shown(text));
      }
      if (edges.length < BATCH) continue;
      yield { edges, lastLine: line };
      edges = [];
    }
  }
  if (edges.length > 0) yield { edges, lastLine: line };
}

/** A follow that stands twice in a batch counts once. */
function differentFollows(edges: readonly Edge[], ids: ReadonlyMap<number, Id>): Follow[] {
  const different = new Map<string, Edge>();
  for (const edge of edges) different.set(`${edge.follower} ${edge.followee}`, edge);
  return [...different.values()].map(({ follower, followee }) => ({
    followerId: ids.get(follower)!,
    followeeId: ids.get(followee)!,
  }));
}

/** Characters of a bad line that are shown. */
const SHOWN_LENGTH = 60;

/** A line as it can be shown on any terminal: a binary file must not play with its settings. */
function shown(text: string): string {
  const start = JSON.stringify(text.slice(0, SHOWN_LENGTH)).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return text.length > SHOWN_LENGTH ? `${start}…` : start;
}

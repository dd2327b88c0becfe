import { randomUUID } from 'node:crypto';
import type { Post, Session } from '../support/contract.js';
import type { Deployment } from './deployment.js';
import type { FeedOracle, Id } from './feed-oracle.js';
import type { Random } from './random.js';
import { Reader, type Bookmark } from './reader.js';
import type { SharedClock } from './shared-clock.js';

/** How often what is done. */
const WEIGHTS = { post: 22, follow: 14, unfollow: 10, refollow: 12, delete: 10, glance: 14, walk: 12, resume: 6 };
const KEPT_BOOKMARKS = 20;

/** A user who does things at random, one after the other, and tells the oracle. */
export class Actor {
  readonly reader: Reader;
  readonly problems: string[] = [];
  /** Of posts that are not deleted, oldest first. */
  private readonly posts: Id[] = [];
  private readonly bookmarks: Bookmark[] = [];

  private constructor(
    private readonly deployment: Deployment,
    private readonly oracle: FeedOracle,
    private readonly clock: SharedClock,
    readonly id: Id,
    private readonly token: string,
  ) {
    this.reader = new Reader(deployment, oracle, clock, id, token);
  }

  static async register(deployment: Deployment, oracle: FeedOracle, clock: SharedClock): Promise<Actor> {
    const username = `o_${randomUUID().replaceAll('-', '').slice(0, 20)}`;
    const account = { username, email: `${username}@example.test`, password: 'correct horse battery' };
    const { body } = await deployment.request<Session>(201, 'POST', '/v1/auth/register', { body: account });
    const id = Number(body.user.id);
    oracle.registered(id);
    return new Actor(deployment, oracle, clock, id, body.accessToken);
  }

  /** Does one thing. @param others whom it may be about, the most popular first */
  async act(random: Random, others: readonly Id[]): Promise<void> {
    const follows = [...this.oracle.follows(this.id)];
    const kind = random.weighted(WEIGHTS);
    const whom = random.pickEarly(others.filter((other) => other !== this.id));
    if (kind === 'follow') return this.follow(whom);
    if (kind === 'unfollow' && follows.length > 0) return this.unfollow(pickLately(random, follows));
    if (kind === 'refollow' && follows.length > 0) return this.refollow(random.pick(follows));
    if (kind === 'delete' && this.posts.length > 0) return this.delete(pickLately(random, this.posts));
    if (kind === 'glance') return this.walk(random, 1);
    if (kind === 'walk') return this.walk(random, 4);
    if (kind === 'resume' && this.bookmarks.length > 0) return this.walk(random, 2, random.pick(this.bookmarks));
    return this.post();
  }

  private async post(): Promise<void> {
    // The same key however often it takes: an answer that is lost must not mean a second post.
    const headers = { 'idempotency-key': randomUUID() };
    const { body } = await this.write<Post>(201, 'POST', '/v1/posts', { headers, body: { content: 'x' } });
    const id = Number(body.id);
    this.posts.push(id);
    this.oracle.posted(id, this.id, Date.parse(body.createdAt));
  }

  private async delete(id: Id): Promise<void> {
    this.posts.splice(this.posts.indexOf(id), 1);
    this.oracle.deletionAsked(id);
    await this.deployment
      .request(204, 'DELETE', `/v1/posts/${id}`, { token: this.token })
      // Of a deletion whose answer was lost nothing is left to delete.
      .catch((error: Error) => {
        if (!error.message.includes('POST_NOT_FOUND')) throw error;
      });
  }

  private async follow(whom: Id): Promise<void> {
    await this.write(204, 'PUT', `/v1/users/${whom}/follow`);
    this.oracle.followed(this.id, whom, this.clock.nowMs());
  }

  private async unfollow(whom: Id): Promise<void> {
    await this.write(204, 'DELETE', `/v1/users/${whom}/follow`);
    this.oracle.unfollowed(this.id, whom, this.clock.nowMs());
  }

  /** In quick succession. */
  private async refollow(whom: Id): Promise<void> {
    await this.unfollow(whom);
    await this.follow(whom);
  }

  private async walk(random: Random, maxPages: number, from?: Bookmark): Promise<void> {
    const limit = random.pick([3, 7, 20]);
    const { problems, bookmarks } = await this.reader.walk({
      limit,
      maxPages,
      isQuiet: false,
      ...(from && { from }),
    });
    this.problems.push(...problems);
    this.bookmarks.push(...bookmarks.slice(0, 1));
    if (this.bookmarks.length > KEPT_BOOKMARKS) this.bookmarks.splice(random.int(0, KEPT_BOOKMARKS), 1);
  }

  private write<T>(status: number, method: string, path: string, options: object = {}) {
    return this.deployment.request<T>(status, method, path, { token: this.token, ...options });
  }
}

/** Any, or just as likely the last, about which work may still be under way. */
const pickLately = (random: Random, ids: readonly Id[]): Id => random.pick([ids.at(-1)!, random.pick(ids)]);

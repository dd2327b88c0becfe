import { setTimeout as delay } from 'node:timers/promises';
import type { Id } from '../../src/common/id.js';
import type { Comment } from '../support/answers.js';
import type { Post } from '../support/contract.js';
import type { Deployment } from '../oracle/deployment.js';
import type { Random } from '../oracle/random.js';
import type { Ledger } from './ledger.js';

/** How often what is done. */
const WEIGHTS = {
  read: 34,
  post: 12,
  repost: 3,
  edit: 4,
  delete: 4,
  comment: 10,
  like: 15,
  unlike: 5,
  follow: 5,
  unfollow: 3,
  profile: 3,
  look: 2,
};
type Kind = keyof typeof WEIGHTS;

/** Between two things that a client does, in milliseconds: as people have, and so that two cores are not full. */
const PAUSE_MS = [60, 240] as const;

/** A user who does things at random, one after the other, repeats each until it is acknowledged, and keeps account. */
export class SoakClient {
  readonly problems: string[] = [];
  private readonly own: Id[] = [];
  private last?: { key: string; body: object; id: Id };
  private done = 0;

  /** @param name of the client, which its texts begin with */
  constructor(
    private readonly deployment: Deployment,
    private readonly ledger: Ledger,
    private readonly random: Random,
    private readonly name: string,
    readonly id: Id,
    private readonly token: string,
    private readonly others: readonly Id[],
  ) {}

  get count(): number {
    return this.done;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const kind = this.random.weighted(WEIGHTS);
      try {
        await this.act(kind);
      } catch (error) {
        this.problems.push(`${this.name} could not ${kind}: ${(error as Error).message}`);
      }
      this.done++;
      await delay(this.random.int(...PAUSE_MS));
    }
  }

  private act(kind: Kind): Promise<unknown> {
    const whom = this.random.pick(this.others);
    const posts = this.ledger.livePosts();
    const [postId] = posts[posts.length - 1 - Math.min(this.random.int(0, 40), posts.length - 1)] ?? [];
    const ownId = this.own[this.random.int(0, Math.max(0, this.own.length - 1))];
    switch (kind) {
      case 'repost':
        return this.postAgain();
      case 'edit':
        return ownId ? this.edit(ownId) : this.post();
      case 'delete':
        return ownId ? this.delete(ownId) : this.post();
      case 'comment':
        return postId ? this.comment(postId) : this.post();
      case 'like':
      case 'unlike':
        return postId ? this.like(postId, kind === 'like') : this.post();
      case 'follow':
      case 'unfollow':
        return this.follow(whom, kind === 'follow');
      case 'profile':
        return this.changeBio();
      case 'post':
        return this.post();
      case 'look':
        return this.ask(200, 'GET', `/v1/users/${whom}/posts`);
      case 'read':
        return this.ask(200, 'GET', '/v1/feed');
    }
  }

  private text(): string {
    return `${this.name} ${this.done}`;
  }

  private async post(): Promise<void> {
    const key = `${this.name}-${this.done}`;
    const body = { content: this.text() };
    const { id } = (await this.ask<Post>(201, 'POST', '/v1/posts', { body, headers: { 'idempotency-key': key } })).body;
    this.ledger.posts.set(id, { authorId: this.id, content: body.content, isDeleted: false });
    this.own.push(id);
    this.last = { key, body, id };
  }

  /** As a client does that has lost the answer. */
  private async postAgain(): Promise<void> {
    if (!this.last) return this.post();
    const { key, body, id } = this.last;
    const answer = await this.ask<Post>(201, 'POST', '/v1/posts', { body, headers: { 'idempotency-key': key } });
    if (answer.body.id !== id) throw new Error(`the key ${key} made ${answer.body.id} after ${id}`);
  }

  private async edit(id: Id): Promise<void> {
    const content = this.text();
    await this.ask(200, 'PATCH', `/v1/posts/${id}`, { body: { content } });
    this.ledger.posts.get(id)!.content = content;
  }

  private async delete(id: Id): Promise<void> {
    this.own.splice(this.own.indexOf(id), 1);
    // From now on nobody can count on it.
    this.ledger.posts.get(id)!.isDeleted = true;
    await this.unlessGone(this.ask(204, 'DELETE', `/v1/posts/${id}`));
  }

  private async comment(postId: Id): Promise<void> {
    const body = { content: this.text() };
    const headers = { 'idempotency-key': `${this.name}-${this.done}` };
    const answer = await this.unlessGone(
      this.ask<Comment>(201, 'POST', `/v1/posts/${postId}/comments`, { body, headers }),
    );
    if (answer) this.ledger.comments.set(answer.body.id, { postId, authorId: this.id, content: body.content });
  }

  private async like(postId: Id, likes: boolean): Promise<void> {
    const answer = await this.unlessGone(this.ask(200, likes ? 'PUT' : 'DELETE', `/v1/posts/${postId}/like`));
    if (!answer) return;
    if (likes) this.ledger.likes.add(`${this.id} ${postId}`);
    else this.ledger.likes.delete(`${this.id} ${postId}`);
  }

  private async follow(whom: Id, follows: boolean): Promise<void> {
    await this.ask(204, follows ? 'PUT' : 'DELETE', `/v1/users/${whom}/follow`);
    if (follows) this.ledger.follows.add(`${this.id} ${whom}`);
    else this.ledger.follows.delete(`${this.id} ${whom}`);
  }

  private async changeBio(): Promise<void> {
    const bio = this.text();
    await this.ask(200, 'PATCH', '/v1/users/me', { body: { bio } });
    this.ledger.bios.set(this.id, bio);
  }

  private ask<T>(status: number, method: string, path: string, options: object = {}) {
    return this.deployment.request<T>(status, method, path, { token: this.token, ...options });
  }

  /** The author of a post may delete it at any time. */
  private unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
    return answer.catch((error: Error) => {
      if (error.message.includes('POST_NOT_FOUND')) return undefined;
      throw error;
    });
  }
}

import { randomBytes } from 'node:crypto';
import type { Id } from '../../src/common/id.js';
import type { FeedPage, Post, Problem, Session, User } from './contract.js';

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
  text: string;
}

export interface RequestOptions {
  token?: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  rawBody?: string;
  headers?: Record<string, string>;
}

/** Pages of a walk before it is taken for endless. */
const MAX_PAGES = 1_000;

/** A client of the API over a real connection; knows the contract and nothing of the code behind it. */
export class ApiClient {
  constructor(readonly url: string) {}

  /** Makes a request and returns whatever the answer is. */
  async request<T = Problem>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const { token, body, rawBody } = options;
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(rawBody !== undefined && { body: rawBody }),
    });
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
    return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as T, text };
  }

  /** Makes a request that must succeed with this status. */
  async expect<T>(status: number, method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const answer = await this.request<T>(method, path, options);
    if (answer.status !== status) {
      throw new Error(`${method} ${path} answered ${answer.status} instead of ${status}: ${answer.text}`);
    }
    return answer;
  }

  /** Registers somebody with a name that nobody has. */
  async register(fields: Record<string, unknown> = {}): Promise<Member> {
    const username = `t_${randomBytes(8).toString('hex')}`;
    const account = { username, email: `${username}@example.test`, password: PASSWORD, ...fields };
    const { body } = await this.expect<Session>(201, 'POST', '/v1/auth/register', { body: account });
    return new Member(this, body.user.id, body.accessToken, body);
  }

  /** Registers several people at once. */
  registerMany(count: number): Promise<Member[]> {
    return Promise.all(Array.from({ length: count }, () => this.register()));
  }
}

/** Password of everybody whom {@link ApiClient.register} registers. */
export const PASSWORD = 'correct horse battery';

/** A user of the API with an access token. */
export class Member {
  constructor(
    readonly api: ApiClient,
    readonly id: Id,
    readonly token: string,
    /** What the registration answered; only of those who registered through the API. */
    readonly session?: Session,
  ) {}

  request<T = Problem>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    return this.api.request(method, path, { token: this.token, ...options });
  }

  async get<T>(path: string): Promise<T> {
    return (await this.api.expect<T>(200, 'GET', path, { token: this.token })).body;
  }

  async follow(whom: { id: Id }): Promise<void> {
    await this.api.expect(204, 'PUT', `/v1/users/${whom.id}/follow`, { token: this.token });
  }

  async unfollow(whom: { id: Id }): Promise<void> {
    await this.api.expect(204, 'DELETE', `/v1/users/${whom.id}/follow`, { token: this.token });
  }

  async post(content = 'a post'): Promise<Post> {
    const options = { token: this.token, body: { content } };
    return (await this.api.expect<Post>(201, 'POST', '/v1/posts', options)).body;
  }

  /** Posts one after the other. @returns their ids, newest first */
  async postMany(count: number): Promise<Id[]> {
    const ids: Id[] = [];
    for (let i = 0; i < count; i++) ids.unshift((await this.post(`post ${i}`)).id);
    return ids;
  }

  user(id: Id): Promise<User> {
    return this.get(`/v1/users/${id}`);
  }

  feed(query: { limit?: number; cursor?: string } = {}): Promise<FeedPage> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) search.set(name, String(value));
    return this.get(`/v1/feed?${search.toString()}`);
  }

  /** Ids of the first page. */
  async feedIds(limit = 100): Promise<Id[]> {
    return (await this.feed({ limit })).items.map((item) => item.post.id);
  }

  /** Walks the whole feed, from its beginning or from a cursor. @returns the pages */
  async walk(limit: number, from?: string): Promise<FeedPage[]> {
    const pages: FeedPage[] = [];
    let cursor: string | null | undefined = from;
    while (cursor !== null) {
      const page: FeedPage = await this.feed({ limit, ...(cursor !== undefined && { cursor }) });
      pages.push(page);
      if (pages.length > MAX_PAGES) throw new Error('the walk does not end');
      cursor = page.nextCursor;
    }
    return pages;
  }
}

/** Ids of all posts of a walk, in the order in which they were shown. */
export const idsOf = (pages: FeedPage[]): Id[] => pages.flatMap(({ items }) => items.map(({ post }) => post.id));

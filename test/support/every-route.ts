import { randomBytes } from 'node:crypto';
import { PASSWORD, type ApiClient, type Member } from './api-client.js';
import type { Comment } from './answers.js';
import { createFollows, createPosts, createUsers, memberFactory } from './factories.js';
import { uploadedInParts } from './media.js';
import type { TestDatabase } from './test-database.js';

/** What a request to a route needs besides a token. */
export interface Input {
  path: string;
  body?: unknown;
}

const FILM = { fileName: 'a.mp4', contentType: 'video/mp4', size: 24 };

/** Every route of the API by method and path, as the OpenAPI document writes it, with a request that succeeds. */
export class EveryRoute {
  private constructor(
    private readonly api: ApiClient,
    readonly author: Member,
    readonly username: string,
    readonly post: string,
    readonly comment: string,
    /** Somebody who follows the author, and has written nothing through the API. */
    readonly reader: Member,
  ) {}

  /** Puts an author with two posts into the tables, of which one is too old for a feed's head, and a reader who likes and comments. */
  static async create(database: TestDatabase, api: ApiClient): Promise<EveryRoute> {
    const [authorId, readerId] = (await createUsers(database, 2)) as [string, string];
    const [row] = await database.query<{ username: string }>('SELECT username FROM users WHERE id = ?', [authorId]);
    await createFollows(database, [[readerId, authorId]]);
    const monthAgo = new Date(Date.now() - 30 * 86_400_000);
    const [post] = (await createPosts(database, authorId, [new Date(), monthAgo])) as [string];
    const now = new Date();
    await database.execute('INSERT INTO likes (post_id, user_id, created_at) VALUES (?)', [[post, readerId, now]]);
    await database.execute('INSERT INTO comments (post_id, author_id, content, created_at) VALUES (?)', [
      [post, readerId, 'a comment', now],
    ]);
    const [comment] = await database.query<{ id: string }>('SELECT id FROM comments WHERE post_id = ?', [post]);
    await database.replicated();
    const members = memberFactory(database, api);
    const reader = members(readerId);
    await reader.feed(); // built from now on
    return new EveryRoute(api, members(authorId), row!.username, post, comment!.id, reader);
  }

  /** Paths of the GETs that answer 200 to anybody who reads. */
  get gets(): Record<string, string> {
    const { author, username, post, comment } = this;
    return {
      'GET /v1/users/me': '/v1/users/me',
      'GET /v1/users/by-username/{username}': `/v1/users/by-username/${username}`,
      'GET /v1/users': `/v1/users?query=${username}`,
      'GET /v1/users/{id}': `/v1/users/${author.id}`,
      'GET /v1/users/{id}/posts': `/v1/users/${author.id}/posts`,
      'GET /v1/users/{id}/followers': `/v1/users/${author.id}/followers`,
      'GET /v1/users/{id}/following': `/v1/users/${this.reader.id}/following`,
      'GET /v1/posts/{id}': `/v1/posts/${post}`,
      'GET /v1/posts/{id}/comments': `/v1/posts/${post}/comments`,
      'GET /v1/posts/{id}/likes': `/v1/posts/${post}/likes`,
      'GET /v1/comments/{id}': `/v1/comments/${comment}`,
      'GET /v1/feed': '/v1/feed', // its head, and then its tail
    };
  }

  /** Makes ready what a registered user needs for each write, and says how to ask for it. */
  get writes(): Record<string, (me: Member) => Promise<Input>> {
    const { author, post } = this;
    const ownPost = async (me: Member) => `/v1/posts/${(await me.post()).id}`;
    const ownComment = async (me: Member) => {
      const options = { token: me.token, body: { content: 'hm' } };
      const { body } = await this.api.expect<Comment>(201, 'POST', `/v1/posts/${post}/comments`, options);
      return `/v1/comments/${body.id}`;
    };
    return {
      'POST /v1/auth/register': async () => {
        const username = `t_${randomBytes(8).toString('hex')}`;
        const body = { username, email: `${username}@example.test`, password: PASSWORD };
        return { path: '/v1/auth/register', body };
      },
      'POST /v1/auth/login': async (me) => ({
        path: '/v1/auth/login',
        body: { login: me.session!.user.email, password: PASSWORD },
      }),
      'POST /v1/auth/refresh': async (me) => ({
        path: '/v1/auth/refresh',
        body: { refreshToken: me.session!.refreshToken },
      }),
      'POST /v1/auth/logout': async (me) => ({
        path: '/v1/auth/logout',
        body: { refreshToken: me.session!.refreshToken },
      }),
      'PATCH /v1/users/me': async () => ({ path: '/v1/users/me', body: { bio: 'new' } }),
      'PUT /v1/users/me/password': async () => ({
        path: '/v1/users/me/password',
        body: { currentPassword: PASSWORD, newPassword: 'another horse battery' },
      }),
      'DELETE /v1/users/me': async () => ({ path: '/v1/users/me', body: { password: PASSWORD } }),
      'PUT /v1/users/{id}/follow': async () => ({ path: `/v1/users/${author.id}/follow` }),
      'DELETE /v1/users/{id}/follow': async (me) => {
        await me.follow(author);
        await me.feed(); // holds posts of the author's
        return { path: `/v1/users/${author.id}/follow` };
      },
      'POST /v1/media/uploads': async () => ({ path: '/v1/media/uploads', body: { files: [FILM] } }),
      'POST /v1/media/multipart-uploads': async () => ({ path: '/v1/media/multipart-uploads', body: FILM }),
      'POST /v1/media/multipart-uploads/parts': async (me) => ({
        path: '/v1/media/multipart-uploads/parts',
        body: { key: (await uploadedInParts(me)).key, partNumbers: [1] },
      }),
      'POST /v1/media/multipart-uploads/complete': async (me) => ({
        path: '/v1/media/multipart-uploads/complete',
        body: await uploadedInParts(me),
      }),
      'POST /v1/media/multipart-uploads/abort': async (me) => ({
        path: '/v1/media/multipart-uploads/abort',
        body: { key: (await uploadedInParts(me)).key },
      }),
      'POST /v1/posts': async () => ({ path: '/v1/posts', body: { content: 'a post' } }),
      'PATCH /v1/posts/{id}': async (me) => ({ path: await ownPost(me), body: { content: 'new' } }),
      'DELETE /v1/posts/{id}': async (me) => ({ path: await ownPost(me) }),
      'PUT /v1/posts/{id}/like': async () => ({ path: `/v1/posts/${post}/like` }),
      'DELETE /v1/posts/{id}/like': async () => ({ path: `/v1/posts/${post}/like` }),
      'POST /v1/posts/{id}/comments': async () => ({ path: `/v1/posts/${post}/comments`, body: { content: 'hm' } }),
      'PATCH /v1/comments/{id}': async (me) => ({ path: await ownComment(me), body: { content: 'new' } }),
      'DELETE /v1/comments/{id}': async (me) => ({ path: await ownComment(me) }),
    };
  }
}

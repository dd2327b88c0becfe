import { Random } from '../../oracle/random.js';
import { ApiClient, type Answer, type Member, PASSWORD, type RequestOptions } from '../../support/api-client.js';
import { BEYOND_BIGINT, outcome, UNKNOWN_ID } from '../../support/answers.js';
import {
  bodySchemaOf,
  resolve,
  routesOf,
  type DocumentedAnswers,
  type OpenApiDocument,
  type Route,
} from '../../support/openapi.js';
import { anyText, fittingValue, oddText, oddValue, spoilt } from './values.js';

/** Answers that no route gives: the address or the head of the request was refused before one was found. */
const BEFORE_ROUTES = /^(400 BAD_REQUEST|404 ROUTE_NOT_FOUND|414 |431 )/;
/** Routes that hash passwords take long, and what is tried of them is soon tried: one in so many is sent. */
const HASHING = /^POST .*\/auth\/(register|login)|^PUT .*\/password$|^DELETE \/v1\/users\/me$/;
const HASHING_ONE_IN = 15;
const KEPT = 30;
/** A header may hold these. */
const HEADER_TEXT = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Sends requests, one after the other, that are made of the schema of their route and of what no schema allows. What it does
 * depends on its seed and on the answers alone, so that the same seed does the same again.
 */
export class FuzzClient {
  readonly problems: string[] = [];
  readonly outcomes = new Map<string, number>();
  private readonly random: Random;
  private readonly routes: Route[];
  private readonly ids: Record<'users' | 'posts' | 'comments', string[]> = { users: [], posts: [], comments: [] };
  private readonly cursors: string[] = [];
  private members: Member[] = [];

  constructor(
    private readonly api: ApiClient,
    private readonly document: OpenApiDocument,
    private readonly answers: DocumentedAnswers,
    seed: number,
  ) {
    this.random = new Random(seed);
    this.routes = routesOf(document);
  }

  async send(count: number): Promise<void> {
    this.members = await this.api.registerMany(2);
    this.ids.users.push(...this.members.map(({ id }) => id));
    for (let i = 0; i < count; i++) await this.sendOne();
  }

  private async sendOne(): Promise<void> {
    const route = this.route();
    const member = this.random.pick(this.members);
    const path = this.path(route);
    const made = this.body(route);
    const options: RequestOptions = { ...made, headers: { ...made.headers, ...this.headers(route) } };
    const authorization = this.random.int(0, 19);
    if (authorization > 1) options.token = member.token;
    else if (authorization === 1)
      options.headers = { ...options.headers, authorization: `Bearer ${this.headerText()}` };
    const sent = JSON.stringify({ method: route.method, path, ...options });
    try {
      const answer = await this.api.request<unknown>(route.method, path, options);
      this.judge(route, answer, sent);
      this.learn(route, answer);
      // A session that was ended by luck is begun anew.
      if (options.token && outcome(answer) === '401 UNAUTHENTICATED') await this.renew(member);
    } catch (error) {
      this.problems.push(`no answer (${String(error)}): ${sent}`);
    }
  }

  private route(): Route {
    const route = this.random.pick(this.routes);
    return HASHING.test(`${route.method} ${route.path}`) && this.random.int(1, HASHING_ONE_IN) > 1
      ? this.random.pick(this.routes)
      : route;
  }

  private chance(oneIn: number): boolean {
    return this.random.int(1, oneIn) === 1;
  }

  private path({ path, operation }: Route): string {
    const kind = path.startsWith('/v1/users') ? 'users' : path.startsWith('/v1/posts') ? 'posts' : 'comments';
    const id = (): string => {
      if (this.chance(6)) return this.random.pick([UNKNOWN_ID, BEYOND_BIGINT, '0', '1', '-1', oddText(this.random)]);
      return this.random.pick(this.ids[kind].length > 0 ? this.ids[kind] : ['1']);
    };
    // An address with an empty part, or with dots for one, is that of another route.
    const part = (text: string): string => (/^\.{0,2}$/.test(text) ? 'x' : encodeURIComponent(text.toWellFormed()));
    const filled = path
      .replace('{id}', () => part(id()))
      .replace('{username}', () =>
        part(this.chance(2) ? this.random.pick(this.members).session!.user.username : oddText(this.random)),
      );
    const query = new URLSearchParams();
    for (const { name, in: place, required } of operation.parameters ?? []) {
      if (place !== 'query' || (!required && this.chance(2))) continue;
      query.append(name, this.queryValue(name));
      if (this.chance(40)) query.append(name, this.queryValue(name));
    }
    if (this.chance(30)) query.append(oddText(this.random).toWellFormed(), oddText(this.random).toWellFormed());
    const text = query.toString();
    return text === '' ? filled : `${filled}?${text}`;
  }

  private queryValue(name: string): string {
    if (this.chance(4)) return oddText(this.random).toWellFormed();
    if (name === 'limit') return String(this.random.int(1, 100));
    if (name !== 'cursor' || this.cursors.length === 0) return anyText(this.random, 50);
    const cursor = this.random.pick(this.cursors);
    return this.chance(2) ? cursor : spoilt(cursor, this.random).toWellFormed();
  }

  private headers({ operation }: Route): Record<string, string> {
    const headers: Record<string, string> = {};
    for (const { name, in: place } of operation.parameters ?? []) {
      if (place !== 'header' || this.chance(2)) continue;
      headers[name] = this.chance(3) ? this.headerText() : `k${this.random.int(0, 50)}`;
    }
    if (this.chance(10)) headers['x-request-id'] = this.headerText();
    if (this.chance(30)) headers['accept'] = this.headerText();
    if (this.chance(30)) headers['accept-encoding'] = this.headerText();
    if (this.chance(30)) headers['origin'] = this.headerText();
    return headers;
  }

  private headerText(): string {
    const text = oddText(this.random);
    return HEADER_TEXT.test(text) && text.length < 10_000 ? text.trim() : 'x';
  }

  private body(route: Route): RequestOptions {
    if (route.method === 'GET') return {};
    const schema = bodySchemaOf(this.document, route);
    if (!schema) return this.chance(4) ? { body: oddValue(this.random) } : {};
    if (this.chance(12)) return { body: oddValue(this.random) };
    const body = fittingValue(this.document, schema, this.random) as Record<string, unknown>;
    this.makePlausible(body);
    for (const name of Object.keys(body)) {
      if (this.chance(8)) body[name] = oddValue(this.random);
      else if (this.chance(12)) delete body[name];
    }
    for (const [name, field] of Object.entries(schema.properties!)) {
      const item = field.items && resolve(this.document, field.items).properties;
      const list = body[name];
      if (item && Array.isArray(list) && list.length > 0 && this.chance(3)) {
        list[0] = { ...(list[0] as object), [this.random.pick(Object.keys(item))]: oddValue(this.random) };
      }
    }
    if (this.chance(25)) body[oddText(this.random)] = oddValue(this.random);
    if (!this.chance(15)) return { body };
    const rawBody = spoilt(JSON.stringify(body), this.random);
    return { rawBody, headers: { 'content-type': 'application/json' } };
  }

  /** What only somebody who has an account, and what others answered, can know. The passwords are wrong: sessions should last. */
  private makePlausible(body: Record<string, unknown>): void {
    if ('parentId' in body) body['parentId'] = this.random.pick([...this.ids.comments, null, '1']);
    if ('username' in body) body['username'] = `z_${this.random.int(0, 0x7fff_ffff).toString(36)}`;
    if ('email' in body) body['email'] = `${this.random.int(0, 0x7fff_ffff).toString(36)}@example.test`;
    if ('login' in body) body['login'] = this.random.pick(this.members).session!.user.username;
    for (const name of ['password', 'currentPassword']) if (body[name] === PASSWORD) body[name] = 'not the password';
    if ('contentType' in body) body['contentType'] = this.random.pick(['image/png', 'video/mp4', 'text/html']);
    if ('mediaKeys' in body && this.chance(2)) body['mediaKeys'] = [];
    if ('avatarKey' in body && this.chance(2)) body['avatarKey'] = null;
  }

  private judge(route: Route, answer: Answer<unknown>, sent: string): void {
    const got = outcome(answer);
    this.outcomes.set(got, (this.outcomes.get(got) ?? 0) + 1);
    if (answer.status >= 500) this.problems.push(`${got}: ${sent}`);
    if (BEFORE_ROUTES.test(got)) return;
    for (const difference of this.answers.differences(route, answer))
      this.problems.push(`${got}, ${difference}: ${sent}`);
  }

  /** Keeps ids and cursors that answers tell, for later requests. */
  private learn({ path }: Route, { status, body }: Answer<unknown>): void {
    if (status === 201 && path === '/v1/posts') keep(this.ids.posts, (body as { id: string }).id);
    if (status === 201 && path.endsWith('/comments')) keep(this.ids.comments, (body as { id: string }).id);
    const cursor = (body as { nextCursor?: unknown } | null)?.nextCursor;
    if (typeof cursor === 'string') keep(this.cursors, cursor);
  }

  private async renew(member: Member): Promise<void> {
    const other = await this.api.register();
    this.members = this.members.map((one) => (one === member ? other : one));
    keep(this.ids.users, other.id);
  }
}

function keep(list: string[], one: string): void {
  list.push(one);
  if (list.length > KEPT) list.shift();
}

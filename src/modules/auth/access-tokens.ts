import { Injectable } from '@nestjs/common';
import { createSigner, createVerifier } from 'fast-jwt';
import { isId } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import type { Principal } from '../../infrastructure/http/current-user.decorator.js';

const ALGORITHM = 'HS256';
const ISSUER = 'sns';
const AUDIENCE = 'sns-api';
/** Verified tokens that are known again by their hash for at most ten minutes: some 600 bytes each. */
const MAX_VERIFIED = 10_000;

interface Payload {
  sub?: unknown;
  sid?: unknown;
}

/** Signs and verifies access tokens (JWT). The algorithm is pinned; keys are found by `kid`, the first one signs. */
@Injectable()
export class AccessTokens {
  private readonly signer: (payload: Payload) => string;
  private readonly verifier: (token: string) => Promise<Payload>;
  readonly ttlSeconds: number;

  constructor(config: AppConfig) {
    const { keys, accessTokenTtlMs } = config.auth;
    const [current] = keys;
    this.ttlSeconds = Math.floor(accessTokenTtlMs / 1_000);
    const secrets = new Map(keys.map((key) => [key.kid, key.secret]));
    this.signer = createSigner({
      key: current!.secret,
      kid: current!.kid,
      algorithm: ALGORITHM,
      iss: ISSUER,
      aud: AUDIENCE,
      expiresIn: accessTokenTtlMs,
    });
    this.verifier = createVerifier({
      algorithms: [ALGORITHM],
      allowedIss: ISSUER,
      allowedAud: AUDIENCE,
      cache: MAX_VERIFIED,
      requiredClaims: ['sub', 'sid', 'iss', 'aud', 'exp', 'iat'],
      key: async ({ header }: { header: Record<string, unknown> }) => {
        const secret = secrets.get(String(header['kid']));
        if (secret === undefined) throw new Error('unknown key id');
        return secret;
      },
    }) as (token: string) => Promise<Payload>;
  }

  issue(principal: Principal): string {
    return this.signer({ sub: principal.userId, sid: principal.sessionId });
  }

  /** @returns whose token it is, or `undefined` when it is not a valid one of ours */
  async verify(token: string): Promise<Principal | undefined> {
    try {
      const { sub, sid } = await this.verifier(token);
      return isId(sub) && typeof sid === 'string' ? { userId: sub, sessionId: sid } : undefined;
    } catch {
      return undefined; // why a token is refused is of no use to who presents it
    }
  }
}

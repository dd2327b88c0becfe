import { Injectable } from '@nestjs/common';
import { hash, verify } from '@node-rs/argon2';
import { bulkhead, BulkheadRejectedError } from 'cockatiel';
import { AppError } from '../../common/app-error.js';

/** OWASP's first choice for Argon2id: 19 MiB, 2 passes, 1 lane. https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
const ARGON2ID = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };
/** Hashes at a time, each on a thread of libuv's pool of four: logins must leave threads for the rest of the API. */
const CONCURRENT = 2;
/** Logins that may wait for a turn, about a second's worth; further ones are told to come back. */
const WAITING = 50;

const hashingBusy = (): AppError =>
  new AppError('SERVER_BUSY', 'Too many logins at once. Try again shortly.', { retryAfterSeconds: 1 });

/** Hashes and checks passwords, a bounded number at a time. */
@Injectable()
export class PasswordHasher {
  private readonly turns = bulkhead(CONCURRENT, WAITING);
  /** A hash of nothing anybody knows, so that an unknown user costs the same time as a wrong password. */
  private readonly decoy = hash('no user has this password', ARGON2ID);

  /** @returns the hash in PHC format */
  hash(password: string): Promise<string> {
    return this.inTurn(() => hash(password, ARGON2ID));
  }

  /** @param passwordHash `undefined` for an unknown user: the answer is `false` after the usual time */
  async verify(password: string, passwordHash: string | undefined): Promise<boolean> {
    const stored = passwordHash ?? (await this.decoy);
    const matches = await this.inTurn(() => verify(stored, password));
    return matches && passwordHash !== undefined;
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.turns.execute(work);
    } catch (error) {
      throw error instanceof BulkheadRejectedError ? hashingBusy() : error;
    }
  }
}

import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { Id } from '../../common/id.js';
import { Transactional } from '../../infrastructure/database/transactional.decorator.js';
import { UsersRepository } from './users.repository.js';

export interface Registration {
  username: string;
  email: string;
  passwordHash: string;
  displayName: string;
}

/** The door for other modules that make users. */
@Injectable()
export class UsersWriter {
  constructor(
    private readonly repository: UsersRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `USERNAME_TAKEN` or `EMAIL_TAKEN` */
  @Transactional()
  register(registration: Registration): Promise<Id> {
    return this.repository.insert({ ...registration, createdAt: this.clock.now() });
  }
}

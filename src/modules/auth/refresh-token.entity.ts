import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Id } from '../../common/id.js';

/** One refresh token. A login begins a family; each refresh spends a token and adds the next one of its family. */
@Entity('refresh_tokens')
export class RefreshTokenEntity {
  /** SHA-256 of the token: the table alone lets nobody in. */
  @PrimaryColumn({ name: 'token_hash', type: 'binary', length: 32 })
  tokenHash: Buffer;

  @Column({ name: 'family_id', type: 'binary', length: 16 })
  familyId: Buffer;

  @Column({ name: 'user_id', type: 'bigint' })
  userId: Id;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Column({ name: 'expires_at', type: 'datetime', precision: 3 })
  expiresAt: Date;

  @Column({ name: 'spent_at', type: 'datetime', precision: 3, nullable: true })
  spentAt: Date | null;
}

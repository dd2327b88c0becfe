import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Id } from '../../common/id.js';

@Entity('users')
export class UserEntity {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id: Id;

  /** Lower case, `[a-z0-9_.]`. */
  @Column({ type: 'varchar' })
  username: string;

  /** Lower case, otherwise byte for byte as given. */
  @Column({ type: 'varchar' })
  email: string;

  /** Argon2id in PHC format. */
  @Column({ name: 'password_hash', type: 'varchar' })
  passwordHash: string;

  @Column({ name: 'display_name', type: 'varchar' })
  displayName: string;

  @Column({ type: 'varchar', default: '' })
  bio: string;

  @Column({ name: 'avatar_key', type: 'varchar', nullable: true })
  avatarKey: string | null;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Column({ name: 'deleted_at', type: 'datetime', precision: 3, nullable: true })
  deletedAt: Date | null;
}

import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Id } from '../../common/id.js';

@Entity('posts')
export class PostEntity {
  /** Auto-increment of the primary: newer posts have higher ids, whatever a clock says. */
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id: Id;

  @Column({ name: 'author_id', type: 'bigint' })
  authorId: Id;

  @Column({ type: 'varchar' })
  content: string;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Column({ name: 'edited_at', type: 'datetime', precision: 3, nullable: true })
  editedAt: Date | null;

  @Column({ name: 'deleted_at', type: 'datetime', precision: 3, nullable: true })
  deletedAt: Date | null;
}

import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import type { Id } from '../../common/id.js';

@Entity('comments')
export class CommentEntity {
  @PrimaryGeneratedColumn({ type: 'bigint' })
  id: Id;

  @Column({ name: 'post_id', type: 'bigint' })
  postId: Id;

  /** The comment this one answers; it may have been deleted since. */
  @Column({ name: 'parent_id', type: 'bigint', nullable: true })
  parentId: Id | null;

  @Column({ name: 'author_id', type: 'bigint' })
  authorId: Id;

  @Column({ type: 'varchar' })
  content: string;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;

  @Column({ name: 'edited_at', type: 'datetime', precision: 3, nullable: true })
  editedAt: Date | null;
}

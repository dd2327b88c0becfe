import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Id } from '../../common/id.js';

@Entity('likes')
export class LikeEntity {
  @PrimaryColumn({ name: 'post_id', type: 'bigint' })
  postId: Id;

  @PrimaryColumn({ name: 'user_id', type: 'bigint' })
  userId: Id;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;
}

import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Id } from '../../common/id.js';

@Entity('follows')
export class FollowEntity {
  @PrimaryColumn({ name: 'followee_id', type: 'bigint' })
  followeeId: Id;

  @PrimaryColumn({ name: 'follower_id', type: 'bigint' })
  followerId: Id;

  @Column({ name: 'created_at', type: 'datetime', precision: 3 })
  createdAt: Date;
}

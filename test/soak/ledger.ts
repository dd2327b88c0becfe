import type { Id } from '../../src/common/id.js';

interface LedgerPost {
  authorId: Id;
  content: string;
  isDeleted: boolean;
}

interface LedgerComment {
  postId: Id;
  authorId: Id;
  content: string;
}

/** Every write that was acknowledged, as the one who made it knows it. Nobody but its author changes a thing. */
export class Ledger {
  readonly posts = new Map<Id, LedgerPost>();
  readonly comments = new Map<Id, LedgerComment>();
  /** `user post` of likes, `follower followee` of follows. */
  readonly likes = new Set<string>();
  readonly follows = new Set<string>();
  readonly bios = new Map<Id, string>();

  /** Posts that are there, oldest first. */
  livePosts(): [Id, LedgerPost][] {
    return [...this.posts].filter(([, { isDeleted }]) => !isDeleted);
  }

  /** Comments under posts that are there. */
  liveComments(): [Id, LedgerComment][] {
    return [...this.comments].filter(([, { postId }]) => !this.posts.get(postId)!.isDeleted);
  }

  liveLikes(): string[] {
    return [...this.likes].filter((like) => !this.posts.get(like.split(' ')[1]!)!.isDeleted);
  }

  /** What the feed of a reader must show, newest first. */
  feedOf(readerId: Id): Id[] {
    return this.livePosts()
      .filter(([, { authorId }]) => authorId === readerId || this.follows.has(`${readerId} ${authorId}`))
      .map(([id]) => id)
      .sort((a, b) => Number(BigInt(b) - BigInt(a)));
  }
}

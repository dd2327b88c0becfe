import { idsOf, PASSWORD } from '../support/api-client.js';
import { createFollows, createPosts } from '../support/factories.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/settle.js';

const DAY_MS = 86_400_000;

describe('GET /v1/feed', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app?.close());

  const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

  describe('after a post', () => {
    it('has it once for the author and every follower, and not for others', async () => {
      const [author, stranger, ...followers] = await app.api.registerMany(7);
      await Promise.all(followers.map((follower) => follower.follow(author!)));
      const everybody = [author!, ...followers];
      await Promise.all([stranger!, ...everybody].map((member) => member.feed()));

      const post = await author!.post();
      for (const member of everybody) {
        const items = await until(
          async () => {
            const { items } = await member.feed();
            return items.length > 0 && items;
          },
          { what: 'the post in the feed', timeoutMs: 2_000 },
        );
        expect(items.map((item) => item.post)).toEqual([post]);
      }
      expect(await stranger!.feedIds()).toEqual([]);
    });

    it('has it for the author at once', async () => {
      const author = await app.api.register();
      await author.feed();
      const first = await author.post();
      const second = await author.post();
      expect(await author.feedIds()).toEqual([second.id, first.id]);
    });

    it('shows the newest first, whoever wrote it', async () => {
      const [reader, one, other] = await app.api.registerMany(3);
      await reader!.follow(one!);
      await reader!.follow(other!);
      const ids: string[] = [];
      for (const author of [one!, other!, reader!, other!, one!]) ids.unshift((await author.post()).id);
      await app.settle();
      expect(await reader!.feedIds()).toEqual(ids);
    });

    it('is built on the first reading of somebody who has never read', async () => {
      const [author, reader] = await app.api.registerMany(2);
      await reader!.follow(author!);
      const ids = await author!.postMany(3);
      await app.settle();
      expect(await app.redis.exists(reader!.id)).toBe(false);
      expect(await reader!.feedIds()).toEqual(ids);
      expect(await app.redis.sentinel(reader!.id)).toMatch(/^0:r:/);
    });

    it('is the same for readers of one feed who come at once', async () => {
      const [author, reader] = await app.api.registerMany(2);
      await reader!.follow(author!);
      const ids = await author!.postMany(3);
      await app.settle();
      const answers = await Promise.all(Array.from({ length: 8 }, () => reader!.feedIds()));
      expect(answers).toEqual(answers.map(() => ids));
      expect(await app.redis.members(reader!.id)).toHaveLength(4);
    });

    it('misses no post that is written while the feed is being built', async () => {
      const [author, reader] = await app.api.registerMany(2);
      await reader!.follow(author!);
      const [ids] = await Promise.all([author!.postMany(10), ...Array.from({ length: 5 }, () => reader!.feed())]);
      await app.settle();
      expect((await app.redis.entries(reader!.id)).map((entry) => entry.postId)).toEqual(ids);
    });

    it('leaves out a post that is deleted', async () => {
      const [author, reader] = await app.api.registerMany(2);
      await reader!.follow(author!);
      const [newest, middle, oldest] = await author!.postMany(3);
      await app.settle();
      await reader!.feed();
      await app.database.execute('UPDATE posts SET deleted_at = ? WHERE id = ?', [new Date(), middle]);
      await app.redis.command('set', `post:{${middle}}:body`, 'deleted', 'PX', 60_000); // as the service does
      await app.database.replicated();
      expect(await reader!.feedIds()).toEqual([newest, oldest]);
    });
  });

  describe('after a follow', () => {
    it("has the author's recent posts at once, in their places", async () => {
      const [reader, known, followed] = await app.api.registerMany(3);
      await reader!.follow(known!);
      const ids: string[] = [];
      for (const author of [known!, followed!, known!, followed!]) ids.unshift((await author.post()).id);
      await app.settle();
      expect(await reader!.feedIds()).toEqual([ids[1], ids[3]]);

      await reader!.follow(followed!);
      expect(await reader!.feedIds()).toEqual(ids);
      await app.settle();
      expect(await reader!.feedIds()).toEqual(ids);
    });

    it("has the author's old posts too, behind the recent ones", async () => {
      const [reader, author] = await app.api.registerMany(2);
      await reader!.feed();
      const old = await createPosts(
        app.database,
        author!.id,
        [9, 8].map((days) => new Date(Date.now() - days * DAY_MS)),
      );
      const recent = await author!.post();
      await reader!.follow(author!);
      await app.database.replicated();
      const { items } = await reader!.feed();
      expect(items.map((item) => [item.post.id, item.viewed])).toEqual([
        [recent.id, false],
        [old[0], true],
        [old[1], true],
      ]);
    });

    it('has what the author posts from then on', async () => {
      const [reader, author] = await app.api.registerMany(2);
      await reader!.feed();
      await reader!.follow(author!);
      const { id } = await author!.post();
      await app.settle();
      expect(await reader!.feedIds()).toEqual([id]);
    });
  });

  describe('after an unfollow', () => {
    it("has none of the author's posts any more, at once and for good", async () => {
      const [reader, left, kept] = await app.api.registerMany(3);
      await reader!.follow(left!);
      await reader!.follow(kept!);
      await left!.postMany(3);
      const stays = await kept!.post();
      await app.settle();
      expect(await reader!.feedIds()).toHaveLength(4);

      await reader!.unfollow(left!);
      await app.database.replicated();
      expect(await reader!.feedIds()).toEqual([stays.id]);
      await left!.post();
      await app.settle();
      expect(await reader!.feedIds()).toEqual([stays.id]);
      expect((await app.redis.entries(reader!.id)).map((entry) => entry.postId)).toEqual([stays.id]);
    });

    it('and another follow has them again, once', async () => {
      const [reader, author] = await app.api.registerMany(2);
      await reader!.feed();
      const ids = await author!.postMany(3);
      for (let i = 0; i < 2; i++) {
        await reader!.follow(author!);
        await reader!.unfollow(author!);
      }
      await reader!.follow(author!);
      expect(await reader!.feedIds()).toEqual(ids);
      await app.settle();
      expect(await reader!.feedIds()).toEqual(ids);
    });

    it('fills its pages although the head still holds posts of somebody who is not followed any more', async () => {
      const [reader, left, kept] = await app.api.registerMany(3);
      await reader!.follow(left!);
      await reader!.follow(kept!);
      const keptIds: string[] = [];
      for (let i = 0; i < 4; i++) {
        keptIds.unshift((await kept!.post()).id);
        await left!.postMany(3);
      }
      await app.settle();
      await reader!.feed();
      // Without an event, so that Redis does not learn of it.
      await app.database.execute('DELETE FROM follows WHERE follower_id = ? AND followee_id = ?', [
        reader!.id,
        left!.id,
      ]);
      await app.database.replicated();
      // A write of the reader's own, as an unfollow is: what the API remembers of them is forgotten.
      await reader!.request('PUT', `/v1/posts/${keptIds[0]}/like`);
      const page = await reader!.feed({ limit: 3 });
      expect(idsOf([page])).toEqual(keptIds.slice(0, 3));
      expect(idsOf(await reader!.walk(3))).toEqual(keptIds);
    });
  });

  describe('follows', () => {
    it('are idempotent and show in the counts of both', async () => {
      const [follower, followee] = await app.api.registerMany(2);
      const counts = async () => {
        await app.database.replicated();
        const [one, other] = [await follower!.user(follower!.id), await follower!.user(followee!.id)];
        return [one.followingCount, one.followerCount, other.followingCount, other.followerCount, other.followedByMe];
      };
      await follower!.follow(followee!);
      await follower!.follow(followee!);
      expect(await counts()).toEqual([1, 0, 0, 1, true]);
      await follower!.unfollow(followee!);
      await follower!.unfollow(followee!);
      expect(await counts()).toEqual([0, 0, 0, 0, false]);
    });

    it('come out right when they are made and taken back at once', async () => {
      const [follower, followee] = await app.api.registerMany(2);
      await followee!.post();
      await follower!.feed();
      const turns = Array.from({ length: 6 }, (_, i) =>
        i % 2 ? follower!.unfollow(followee!) : follower!.follow(followee!),
      );
      await Promise.all(turns);
      await app.settle();
      await app.database.replicated();
      const { followedByMe } = await follower!.user(followee!.id);
      expect(await follower!.feedIds()).toHaveLength(followedByMe ? 1 : 0);
      expect(await app.redis.entries(follower!.id)).toHaveLength(followedByMe ? 1 : 0);
    });
  });

  describe('viewed', () => {
    it('is false at first and true once the post was in an answer before', async () => {
      const author = await app.api.register();
      await author.post();
      expect((await author.feed()).items[0]!.viewed).toBe(false);
      await until(async () => (await author.feed()).items[0]!.viewed, { what: 'the mark', timeoutMs: 2_000 });
    });

    it('shortens the life of the entry, and a second showing changes nothing', async () => {
      const author = await app.api.register();
      const { id, createdAt } = await author.post();
      await author.feed();
      const unviewedUntil = Math.floor((Date.parse(createdAt) + app.config.feed.unviewedTtlMs) / 1_000);
      const viewed = await until(
        async () => {
          const [entry] = await app.redis.entries(author.id);
          return entry?.viewed && entry;
        },
        { what: 'the mark in Redis' },
      );
      expect(viewed.postId).toBe(id);
      expect(viewed.expiresAt).toBeLessThanOrEqual(secondsFromNow(app.config.feed.viewedTtlMs / 1_000));
      expect(viewed.expiresAt).toBeLessThan(unviewedUntil);

      const readAt = await app.redis.sentinel(author.id);
      const isReadAgain = async () => {
        await author.feed();
        return (await app.redis.sentinel(author.id)) !== readAt;
      };
      await until(isReadAgain, { what: 'a later reading to be recorded' });
      expect(await app.redis.entries(author.id)).toEqual([viewed]);
    });

    it('is only for what was shown', async () => {
      const author = await app.api.register();
      const [newest] = await author.postMany(3);
      await author.feed({ limit: 1 });
      const entries = await until(
        async () => {
          const all = await app.redis.entries(author.id);
          return all[0]!.viewed && all;
        },
        { what: 'the mark in Redis' },
      );
      expect(entries.filter((entry) => entry.viewed).map((entry) => entry.postId)).toEqual([newest]);
    });
  });

  describe('when time has passed', () => {
    it('goes on with expired posts in the tail, marked as viewed, and takes them out of Redis', async () => {
      const author = await app.api.register();
      await author.feed();
      const [live, ...expired] = await author.postMany(4);
      await app.settle(); // a fan-out that still runs would add them again
      for (const postId of expired) {
        await app.redis.replaceEntry(author.id, { postId, expiresAt: secondsFromNow(0), viewed: false });
      }
      await app.database.replicated();
      const { items } = await author.feed();
      expect(items.map((item) => [item.post.id, item.viewed])).toEqual([
        [live, false],
        ...expired.map((id) => [id, true]),
      ]);
      const onlyLive = async () => (await app.redis.entries(author.id)).length === 1;
      await until(onlyLive, { what: 'the expired entries to go' });
      expect(idsOf(await author.walk(1))).toEqual([live, ...expired]);
      expect((await app.redis.entries(author.id)).map((entry) => entry.postId)).toEqual([live]);
    });

    it('is whole when every entry has expired', async () => {
      const author = await app.api.register();
      await author.feed();
      const ids = await author.postMany(3);
      await app.settle(); // a fan-out that still runs would add them again
      for (const postId of ids) {
        await app.redis.replaceEntry(author.id, { postId, expiresAt: secondsFromNow(-5), viewed: true });
      }
      await app.database.replicated();
      expect(idsOf(await author.walk(2))).toEqual(ids);
    });
  });

  describe('when an account is deleted', () => {
    it('shows none of its posts, and loses their entries once it is read', async () => {
      const [author, other, reader] = await app.api.registerMany(3);
      await reader!.follow(author!);
      await reader!.follow(other!);
      await reader!.feed();
      await author!.postMany(3);
      const stays = await other!.post();
      await app.settle();
      const deletion = { body: { password: PASSWORD } };
      await app.api.expect(202, 'DELETE', '/v1/users/me', { token: author!.token, ...deletion });
      await app.settle();
      const onlyOther = async () => {
        expect(await reader!.feedIds()).toEqual([stays.id]);
        return (await app.redis.entries(reader!.id)).map((entry) => entry.postId).join() === stays.id;
      };
      await until(onlyOther, { what: 'the entries of the deleted account to go' });
    });
  });

  describe('when Redis has lost the feed', () => {
    it('is rebuilt by the next reading', async () => {
      const [author, reader] = await app.api.registerMany(2);
      await createFollows(app.database, [[reader!.id, author!.id]]);
      const ids = await author!.postMany(5);
      await app.settle();
      expect(await reader!.feedIds()).toEqual(ids);
      await app.redis.deleteFeeds(reader!.id);
      expect(await reader!.feedIds()).toEqual(ids);
      expect((await app.redis.entries(reader!.id)).map((entry) => entry.postId)).toEqual(ids);
    });

    it('goes on from a cursor that was given out before', async () => {
      const author = await app.api.register();
      const ids = await author.postMany(5);
      const first = await author.feed({ limit: 2 });
      await app.redis.deleteFeeds(author.id);
      expect(idsOf([first, ...(await author.walk(2, first.nextCursor!))])).toEqual(ids);
    });

    it('is built anew when a build was abandoned', async () => {
      const author = await app.api.register();
      const ids = await author.postMany(3);
      await app.redis.deleteFeeds(author.id);
      await app.redis.command('zadd', app.redis.feedKey(author.id), 0, '0:b:deadbeef:1:0:0');
      expect(await author.feedIds()).toEqual(ids);
      expect(await app.redis.sentinel(author.id)).toMatch(/^0:r:deadbeef:/);
    });
  });
});

import { SetMetadata } from '@nestjs/common';

/** Metadata of methods whose Redis commands go out together. */
export const REDIS_PIPELINE = 'redis:pipeline';

/**
 * Marks a method of a provider: the Redis commands it calls are sent together, in one pipeline a cluster node, when it
 * returns; the replies come back to the calls.
 *
 * The method is no `async` function: it calls all its commands and returns what is to be made of their replies, such as
 * `Promise.all(…)`. A marked method that is called by a marked one joins its pipeline.
 */
export const RedisPipeline = (): MethodDecorator => SetMetadata(REDIS_PIPELINE, true);

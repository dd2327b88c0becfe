import { SetMetadata } from '@nestjs/common';
import type { PolicyChoice } from './policies.js';

/** Metadata of methods that say what is to happen when Redis does not answer. */
export const RESILIENT = 'resilience:policy';

/**
 * Marks a store method: it is tried again as its policy says, and each node that it talks to has a circuit breaker, so
 * that a node that is away costs nobody a wait. When Redis cannot be had it throws `RedisUnavailableError`, and its caller
 * chooses what to do without.
 *
 * Put above `@RedisPipeline()`: each try has a pipeline of its own. A marked method that joins the pipeline of another is
 * tried again with that one.
 */
export const Resilient = (policy: PolicyChoice): MethodDecorator => SetMetadata(RESILIENT, policy);

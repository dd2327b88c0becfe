import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { RedisUnavailableError } from '../redis/redis-unavailable.error.js';

/**
 * What an event does for the one who acted, before they get their answer, so that their next request sees it. It is
 * a head start, not the guarantee: the same event's outbox job does the work for everybody, this one included.
 */
export interface InlineEffect<Payload = unknown> {
  apply(payload: Payload): Promise<void>;
}

/** Marks a provider as the inline effect of one event type: `@AppliesInline('post.created')`. */
export const AppliesInline = DiscoveryService.createDecorator<string>();

/** Runs the inline effects of events whose transaction has committed. */
@Injectable()
export class InlineEffects implements OnApplicationBootstrap {
  private readonly logger = new Logger(InlineEffects.name);
  private readonly effects = new Map<string, InlineEffect>();

  constructor(private readonly discovery: DiscoveryService) {}

  onApplicationBootstrap(): void {
    for (const wrapper of this.discovery.getProviders({ metadataKey: AppliesInline.KEY })) {
      const type = this.discovery.getMetadataByDecorator(AppliesInline, wrapper)!;
      if (this.effects.has(type)) throw new Error(`two inline effects of event ${type}`);
      this.effects.set(type, wrapper.instance as InlineEffect);
    }
  }

  /** Never throws: the write has been committed, and its outbox job repeats what failed here. */
  async apply(type: string, payload: object): Promise<void> {
    try {
      await this.effects.get(type)?.apply(payload);
    } catch (error) {
      const details = { err: error, type };
      // Of an outage the breakers tell, once.
      if (error instanceof RedisUnavailableError) this.logger.debug(details, 'inline effect did without Redis');
      else this.logger.warn(details, 'inline effect failed; the outbox job will do it');
    }
  }
}

import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Cluster, type ClusterOptions } from 'ioredis';
import { AppConfig } from '../../config/app-config.js';

/** Who waits for an answer: a client of the API, or nobody in particular. */
export type RedisTraffic = 'request' | 'background';

/** A request must have its answer, or its fallback, at once. */
const REQUEST_COMMAND_TIMEOUT_MS = 1_000;
const REQUEST_MAX_REDIRECTIONS = 3;

/**
 * Background work rides out a failover: 16 tries 300 ms apart outlast the 4.4 s that a cluster with a node timeout of
 * 2 s takes to promote a replica.
 */
const BACKGROUND_COMMAND_TIMEOUT_MS = 10_000;
const BACKGROUND_MAX_REDIRECTIONS = 16;
const BACKGROUND_FAILOVER_DELAY_MS = 300;

/** How long a start waits for Redis. */
const CONNECT_WAIT_MS = 2_000;

/** How often the map of slots and nodes is read, whether or not a refusal has shown that it is out of date. */
const SLOTS_REFRESH_MS = 5_000;

/** The connections to the Redis Cluster: an impatient set for requests and a patient one for background work. */
@Injectable()
export class RedisClients implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(RedisClients.name);
  private readonly clients: Record<RedisTraffic, Cluster>;
  private readonly refreshing: NodeJS.Timeout;

  constructor(config: AppConfig) {
    this.clients = {
      request: this.connect(config, REQUEST_COMMAND_TIMEOUT_MS, {
        enableOfflineQueue: false,
        maxRedirections: REQUEST_MAX_REDIRECTIONS,
        retryDelayOnFailover: 100,
      }),
      background: this.connect(config, BACKGROUND_COMMAND_TIMEOUT_MS, {
        maxRedirections: BACKGROUND_MAX_REDIRECTIONS,
        retryDelayOnFailover: BACKGROUND_FAILOVER_DELAY_MS,
        retryDelayOnClusterDown: BACKGROUND_FAILOVER_DELAY_MS,
      }),
    };
    // Not by the client's own option: its timer starts again when a refresh ends after the disconnection.
    this.refreshing = setInterval(() => {
      for (const client of Object.values(this.clients)) client.refreshSlotsCache();
    }, SLOTS_REFRESH_MS).unref();
  }

  for(traffic: RedisTraffic): Cluster {
    return this.clients[traffic];
  }

  /** Waits for the connections before anything is served, not for long: without Redis the service works too. */
  async onModuleInit(): Promise<void> {
    const connecting = Object.values(this.clients).filter(({ status }) => status !== 'ready');
    const connected = Promise.all(connecting.map((client) => once(client, 'ready')));
    await Promise.race([connected, delay(CONNECT_WAIT_MS, undefined, { ref: false })]).catch(() => undefined);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.refreshing);
    for (const client of Object.values(this.clients)) client.disconnect();
  }

  private connect(config: AppConfig, commandTimeout: number, options: ClusterOptions): Cluster {
    const client = new Cluster(config.redis.nodes, {
      ...options,
      scaleReads: 'master',
      slotsRefreshTimeout: 2_000,
      redisOptions: {
        commandTimeout,
        connectTimeout: 2_000,
        maxRetriesPerRequest: 1,
        // What had no answer when a connection broke may have been carried out; the executor knows what may be repeated.
        autoResendUnfulfilledCommands: false,
      },
    });
    // Without a listener a lost connection would end the process; ioredis reconnects by itself.
    // It says so with every try; the first of a row is enough.
    let told = '';
    client.on('error', ({ message }: Error) => {
      if (message !== told) this.logger.warn(`redis: ${message}`);
      told = message;
    });
    client.on('ready', () => (told = ''));
    return client;
  }
}

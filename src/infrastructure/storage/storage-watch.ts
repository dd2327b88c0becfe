import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Repeated } from '../scheduling/repeated.js';
import { StorageClient } from './storage-client.js';
import { StorageMetrics } from './storage.metrics.js';

/** Twice a scrape or so: uploads may be rare, and an operator is to know before somebody wants one. */
const EVERY_MS = 10_000;
const DEADLINE_MS = 2_000;

/** Asks the object store again and again whether it and the bucket are there. Nothing depends on the answer but an alert. */
@Injectable()
export class StorageWatch implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly looking = new Repeated('looking for the object store', EVERY_MS, () => this.look());

  constructor(
    private readonly client: StorageClient,
    private readonly metrics: StorageMetrics,
  ) {}

  onApplicationBootstrap(): void {
    this.looking.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.looking.stop();
  }

  private async look(): Promise<void> {
    try {
      const command = new HeadBucketCommand({ Bucket: this.client.bucket });
      await this.client.ask('HeadBucket', DEADLINE_MS, (s3, options) => s3.send(command, options));
      this.metrics.isUp(true);
    } catch (error) {
      this.metrics.isUp(false);
      throw error; // the first of a row is logged
    }
  }
}

import { Module } from '@nestjs/common';
import { ObjectStorage } from './object-storage.js';
import { PresignedUrls } from './presigned-urls.js';
import { StorageClient } from './storage-client.js';

/** For modules that keep files. */
@Module({ providers: [StorageClient, ObjectStorage, PresignedUrls], exports: [ObjectStorage, PresignedUrls] })
export class StorageModule {}

import { Body, Controller, Header, HttpCode, HttpStatus, Post } from '@nestjs/common';
import type { Id } from '../../common/id.js';
import { CurrentUserId } from '../../infrastructure/http/current-user.decorator.js';
import { Documented } from '../../infrastructure/openapi/documented.decorator.js';
import {
  CompleteUploadRequest,
  CreateUploadsRequest,
  FileToUpload,
  PartUrlsRequest,
  UploadKeyRequest,
} from './dto/upload.requests.js';
import { MultipartUploadResponse, PartsResponse, UploadsResponse } from './dto/upload.response.js';
import { MultipartUploads } from './multipart-uploads.service.js';
import { UploadsService } from './uploads.service.js';

const TAG = 'Media';

@Controller('v1/media')
export class MediaController {
  constructor(
    private readonly uploads: UploadsService,
    private readonly multipart: MultipartUploads,
  ) {}

  @Post('uploads')
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: 'Ask for addresses to upload files to',
    description:
      'Each file goes straight to its address; its key then goes into `mediaKeys` of a post, or `avatarKey`.',
    created: UploadsResponse,
    body: true,
  })
  async create(@CurrentUserId() userId: Id, @Body() body: CreateUploadsRequest): Promise<UploadsResponse> {
    return { uploads: await this.uploads.issue(userId, body.files) };
  }

  @Post('multipart-uploads')
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: 'Begin to upload a large file in parts',
    description: 'For files above 100 MB: a part that breaks off is sent again, and not the whole file.',
    created: MultipartUploadResponse,
    body: true,
    errors: ['STORAGE_UNAVAILABLE'],
  })
  begin(@CurrentUserId() userId: Id, @Body() body: FileToUpload): Promise<MultipartUploadResponse> {
    return this.multipart.begin(userId, body);
  }

  @Post('multipart-uploads/parts')
  @HttpCode(HttpStatus.OK)
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: 'Ask for new addresses of some parts',
    ok: PartsResponse,
    body: true,
    errors: ['MEDIA_NOT_UPLOADED', 'MEDIA_REJECTED'],
  })
  parts(@CurrentUserId() userId: Id, @Body() body: PartUrlsRequest): Promise<PartsResponse> {
    return this.multipart.parts(userId, body.key, body.partNumbers);
  }

  @Post('multipart-uploads/complete')
  @HttpCode(HttpStatus.NO_CONTENT)
  @Documented({
    tag: TAG,
    summary: 'Put an upload in parts together',
    description: 'When every part is uploaded. Doing it again changes nothing.',
    noContent: true,
    body: true,
    errors: ['MEDIA_NOT_UPLOADED', 'MEDIA_REJECTED', 'STORAGE_UNAVAILABLE'],
  })
  complete(@CurrentUserId() userId: Id, @Body() body: CompleteUploadRequest): Promise<void> {
    return this.multipart.complete(userId, body.key, body.parts);
  }

  @Post('multipart-uploads/abort')
  @HttpCode(HttpStatus.NO_CONTENT)
  @Documented({
    tag: TAG,
    summary: 'Give an upload in parts up',
    description: 'Its parts are removed. One that is forgotten instead goes by itself after a day.',
    noContent: true,
    body: true,
    errors: ['MEDIA_NOT_UPLOADED', 'MEDIA_REJECTED', 'STORAGE_UNAVAILABLE'],
  })
  abort(@CurrentUserId() userId: Id, @Body() body: UploadKeyRequest): Promise<void> {
    return this.multipart.abort(userId, body.key);
  }
}

import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  HttpStatus,
  Patch,
  Post,
  Query,
  Res,
  UseInterceptors,
} from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { CurrentUserId } from '../../infrastructure/http/current-user.decorator.js';
import { EtagInterceptor } from '../../infrastructure/http/etag.interceptor.js';
import { IdParam } from '../../infrastructure/http/id-param.decorator.js';
import type { Page } from '../../infrastructure/http/page.js';
import { PageQuery } from '../../infrastructure/http/page.query.js';
import { Idempotency, type IdempotentRequest } from '../../infrastructure/idempotency/idempotency-key.decorator.js';
import { Documented } from '../../infrastructure/openapi/documented.decorator.js';
import { CreatePostRequest, EditPostRequest } from './dto/post.requests.js';
import { PostsService } from './posts.service.js';
import { PostResponse, PostsViews } from './posts.views.js';

const TAG = 'Posts';

@Controller('v1')
export class PostsController {
  constructor(
    private readonly posts: PostsService,
    private readonly views: PostsViews,
    private readonly config: AppConfig,
  ) {}

  @Post('posts')
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: 'Publish a post',
    created: PostResponse,
    location: true,
    idempotent: true,
    body: true,
    errors: ['MEDIA_NOT_UPLOADED', 'MEDIA_REJECTED', 'STORAGE_UNAVAILABLE'],
  })
  async create(
    @CurrentUserId() authorId: Id,
    @Body() body: CreatePostRequest,
    @Idempotency() idempotency: IdempotentRequest | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PostResponse> {
    const post = await this.posts.create(authorId, body, idempotency);
    reply.header('Location', `${this.config.http.publicUrl}/v1/posts/${post.id}`);
    return post;
  }

  @Get('posts/:id')
  @Header('Cache-Control', 'private, no-store')
  @UseInterceptors(EtagInterceptor)
  @Documented({ tag: TAG, summary: 'One post', ok: PostResponse, etag: true, errors: ['POST_NOT_FOUND'] })
  one(@IdParam() id: Id, @CurrentUserId() readerId: Id): Promise<PostResponse> {
    return this.views.one(id, readerId);
  }

  @Patch('posts/:id')
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: 'Edit a post of your own',
    ok: PostResponse,
    body: true,
    errors: ['POST_NOT_FOUND', 'FORBIDDEN'],
  })
  edit(@IdParam() id: Id, @CurrentUserId() userId: Id, @Body() body: EditPostRequest): Promise<PostResponse> {
    return this.posts.edit(id, userId, body.content);
  }

  @Delete('posts/:id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @Documented({
    tag: TAG,
    summary: 'Delete a post of your own',
    description: 'It is gone at once; its comments, likes, media and feed entries follow in the background.',
    noContent: true,
    body: true,
    errors: ['POST_NOT_FOUND', 'FORBIDDEN'],
  })
  delete(@IdParam() id: Id, @CurrentUserId() userId: Id): Promise<void> {
    return this.posts.delete(id, userId);
  }

  @Get('users/:id/posts')
  @Header('Cache-Control', 'private, no-store')
  @Documented({ tag: TAG, summary: "A user's posts, newest first", page: PostResponse, errors: ['USER_NOT_FOUND'] })
  ofAuthor(
    @IdParam() authorId: Id,
    @CurrentUserId() readerId: Id,
    @Query() query: PageQuery,
  ): Promise<Page<PostResponse>> {
    return this.views.ofAuthor(authorId, readerId, query.limit, query.cursor);
  }
}

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
import { CommentsService } from './comments.service.js';
import { CommentsViews } from './comments.views.js';
import { CreateCommentRequest, EditCommentRequest } from './dto/comment.requests.js';
import { CommentResponse } from './dto/comment.response.js';

const TAG = 'Comments';

@Controller('v1')
export class CommentsController {
  constructor(
    private readonly comments: CommentsService,
    private readonly views: CommentsViews,
    private readonly config: AppConfig,
  ) {}

  @Post('posts/:id/comments')
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: 'Comment on a post, or answer a comment under it',
    created: CommentResponse,
    location: true,
    idempotent: true,
    body: true,
    errors: ['POST_NOT_FOUND', 'COMMENT_NOT_FOUND'],
  })
  async create(
    @IdParam() postId: Id,
    @CurrentUserId() authorId: Id,
    @Body() body: CreateCommentRequest,
    @Idempotency() idempotency: IdempotentRequest | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CommentResponse> {
    const comment = await this.comments.create(postId, authorId, body, idempotency);
    reply.header('Location', `${this.config.http.publicUrl}/v1/comments/${comment.id}`);
    return comment;
  }

  @Get('posts/:id/comments')
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: "A post's comments, oldest first",
    page: CommentResponse,
    errors: ['POST_NOT_FOUND'],
  })
  ofPost(@IdParam() postId: Id, @Query() query: PageQuery): Promise<Page<CommentResponse>> {
    return this.views.ofPost(postId, query.limit, query.cursor);
  }

  @Get('comments/:id')
  @Header('Cache-Control', 'private, no-store')
  @UseInterceptors(EtagInterceptor)
  @Documented({ tag: TAG, summary: 'One comment', ok: CommentResponse, etag: true, errors: ['COMMENT_NOT_FOUND'] })
  one(@IdParam() id: Id): Promise<CommentResponse> {
    return this.views.one(id);
  }

  @Patch('comments/:id')
  @Header('Cache-Control', 'private, no-store')
  @Documented({
    tag: TAG,
    summary: 'Edit a comment of your own',
    ok: CommentResponse,
    body: true,
    errors: ['COMMENT_NOT_FOUND', 'FORBIDDEN'],
  })
  edit(@IdParam() id: Id, @CurrentUserId() userId: Id, @Body() body: EditCommentRequest): Promise<CommentResponse> {
    return this.comments.edit(id, userId, body.content);
  }

  @Delete('comments/:id')
  @HttpCode(HttpStatus.NO_CONTENT)
  @Documented({
    tag: TAG,
    summary: 'Delete a comment of your own, or one under a post of your own',
    description: 'Its replies stay, and keep their `parentId`.',
    noContent: true,
    body: true,
    errors: ['COMMENT_NOT_FOUND', 'FORBIDDEN'],
  })
  delete(@IdParam() id: Id, @CurrentUserId() userId: Id): Promise<void> {
    return this.comments.delete(id, userId);
  }
}

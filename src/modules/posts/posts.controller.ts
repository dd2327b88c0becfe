import { Body, Controller, Get, Header, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Id } from '../../common/id.js';
import { AppConfig } from '../../config/app-config.js';
import { CurrentUserId } from '../../infrastructure/http/current-user.decorator.js';
import { IdParam } from '../../infrastructure/http/id-param.decorator.js';
import { CreatePostRequest } from './dto/create-post.request.js';
import { PostsService } from './posts.service.js';
import { PostsViews, type PostResponse } from './posts.views.js';

@Controller('v1/posts')
export class PostsController {
  constructor(
    private readonly posts: PostsService,
    private readonly views: PostsViews,
    private readonly config: AppConfig,
  ) {}

  @Post()
  @Header('Cache-Control', 'private, no-store')
  async create(
    @CurrentUserId() authorId: Id,
    @Body() body: CreatePostRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<PostResponse> {
    const id = await this.posts.create(authorId, body.content);
    reply.header('Location', `${this.config.http.publicUrl}/v1/posts/${id}`);
    return this.views.one(id);
  }

  @Get(':id')
  @Header('Cache-Control', 'private, no-store')
  one(@IdParam() id: Id): Promise<PostResponse> {
    return this.views.one(id);
  }
}

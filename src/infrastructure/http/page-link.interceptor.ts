import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { AppConfig } from '../../config/app-config.js';
import type { Page } from './page.js';

/**
 * Adds `Link: <…>; rel="next"` (RFC 8288) to every answer that is a page with more to come. The address is built from
 * the configured public URL, never from the request's Host header, which a client controls.
 */
@Injectable()
export class PageLinkInterceptor implements NestInterceptor {
  constructor(private readonly config: AppConfig) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    return next.handle().pipe(
      map((body: unknown) => {
        if (isPage(body) && body.nextCursor !== null) {
          const request = http.getRequest<FastifyRequest>();
          const reply = http.getResponse<FastifyReply>();
          reply.header('Link', `<${this.nextUrl(request.url, body.nextCursor)}>; rel="next"`);
        }
        return body;
      }),
    );
  }

  private nextUrl(requestUrl: string, cursor: string): string {
    const queryAt = requestUrl.indexOf('?');
    const search = new URLSearchParams(queryAt < 0 ? '' : requestUrl.slice(queryAt));
    search.set('cursor', cursor);
    return `${this.config.http.publicUrl}${queryAt < 0 ? requestUrl : requestUrl.slice(0, queryAt)}?${search.toString()}`;
  }
}

function isPage(body: unknown): body is Page<unknown> {
  return typeof body === 'object' && body !== null && 'nextCursor' in body && 'items' in body;
}

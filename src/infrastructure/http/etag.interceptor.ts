import { createHash } from 'node:crypto';
import { type CallHandler, type ExecutionContext, HttpStatus, Injectable, type NestInterceptor } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';

/** Gives a single resource an `ETag`, and answers 304 to a client that has this version already. */
@Injectable()
export class EtagInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const http = context.switchToHttp();
    return next.handle().pipe(
      map((body: unknown) => {
        const etag = `"${createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 27)}"`;
        const reply = http.getResponse<FastifyReply>();
        reply.header('ETag', etag);
        const known = http.getRequest<FastifyRequest>().headers['if-none-match'];
        if (known === undefined || !matches(known, etag)) return body;
        reply.status(HttpStatus.NOT_MODIFIED);
        return undefined;
      }),
    );
  }
}

/** `If-None-Match`: a list of tags, compared weakly, or `*`. RFC 9110, section 13.1.2. */
function matches(header: string, etag: string): boolean {
  if (header.trim() === '*') return true;
  return header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}

import { applyDecorators, type Type } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiExtraModels,
  ApiHeader,
  ApiOperation,
  ApiResponse,
  ApiTags,
  getSchemaPath,
  type ApiResponseOptions,
} from '@nestjs/swagger';
import { groupBy } from '../../common/batches.js';
import { ERROR_STATUS, type ErrorCode } from '../../common/error-codes.js';
import { ProblemDetailsResponse } from './problem-details.response.js';

interface Documentation {
  tag: string;
  summary: string;
  description?: string;
  /** Class of the answer's body with 200. */
  ok?: Type;
  /** Class of the answer's body with 201; the answer has a `Location` header if `location` is set. */
  created?: Type;
  location?: boolean;
  /** The answer is 204. */
  noContent?: boolean;
  /** The answer is 202. */
  accepted?: boolean;
  /** Class of the items of a page. */
  page?: Type;
  /** The answer has an `ETag`, and `If-None-Match` is answered with 304. */
  etag?: boolean;
  /** The answer may come from a fallback, and then says so in `X-Degraded`. */
  degrades?: boolean;
  /** The route takes an `Idempotency-Key`. */
  idempotent?: boolean;
  /** The route needs no access token. */
  open?: boolean;
  /** A body that is sent is read: of every route but those of GET, also where nothing is made of it. */
  body?: boolean;
  /** The route takes no input that could be invalid. */
  noInput?: boolean;
  /** Codes beyond those that every route of this kind has. */
  errors?: ErrorCode[];
}

/** Says everything about a route that the OpenAPI document should: answers, headers, and each code that can occur. */
export function Documented(route: Documentation): MethodDecorator {
  return applyDecorators(
    ApiTags(route.tag),
    ApiOperation({ summary: route.summary, ...(route.description && { description: route.description }) }),
    ...(route.open ? [] : [ApiBearerAuth()]),
    ...successes(route),
    ...failures(route),
    ...requestHeaders(route),
    ApiExtraModels(ProblemDetailsResponse),
  );
}

function successes(route: Documentation): MethodDecorator[] {
  const headers = {
    'X-Request-Id': { schema: { type: 'string' as const }, description: "The request's id, as in the logs." },
    ...(route.etag && { ETag: { schema: { type: 'string' as const }, description: 'Version of the answer.' } }),
    ...(route.degrades && { 'X-Degraded': DEGRADED }),
  };
  const answer = (options: ApiResponseOptions) => ApiResponse({ headers, ...options });
  const decorators: MethodDecorator[] = [];
  if (route.ok) decorators.push(answer({ status: 200, description: 'Done.', type: route.ok }));
  if (route.created) {
    const location = { Location: { schema: { type: 'string' as const }, description: 'Address of what was made.' } };
    decorators.push(
      answer({
        status: 201,
        description: 'Made.',
        type: route.created,
        headers: { ...headers, ...(route.location && location) },
      }),
    );
  }
  if (route.noContent) decorators.push(answer({ status: 204, description: 'Done; there is nothing to say.' }));
  if (route.accepted) decorators.push(answer({ status: 202, description: 'Begun; it is finished in the background.' }));
  if (route.page)
    decorators.push(ApiExtraModels(route.page), answer({ status: 200, ...pageAnswer(route.page), headers }));
  if (route.etag)
    decorators.push(answer({ status: 304, description: 'Unchanged since the version in If-None-Match.' }));
  return decorators;
}

const DEGRADED = {
  required: false,
  schema: { type: 'string' as const, enum: ['feed-from-database'] },
  description: 'Only there when a part of the service does not answer: what stood in for it.',
};

function pageAnswer(item: Type) {
  return {
    description: 'A page. With more to come it has a header `Link: <…>; rel="next"`.',
    schema: {
      type: 'object' as const,
      required: ['items', 'nextCursor'],
      properties: {
        items: { type: 'array' as const, items: { $ref: getSchemaPath(item) } },
        nextCursor: {
          type: ['string', 'null'] as unknown as 'string', // OpenAPI 3.1; the library's types know 3.0 only
          description: 'Cursor of the next page; null at the end.',
        },
      },
    },
  };
}

function failures(route: Documentation): MethodDecorator[] {
  const codes = new Set<ErrorCode>([
    ...(route.noInput ? [] : (['VALIDATION_FAILED'] as const)),
    'RATE_LIMITED',
    'DATABASE_UNAVAILABLE',
    ...(route.errors ?? []),
  ]);
  if (!route.open) codes.add('UNAUTHENTICATED');
  if (route.page) codes.add('INVALID_CURSOR');
  if (route.idempotent) codes.add('IDEMPOTENCY_KEY_REUSED');
  if (route.body) for (const code of BODY_CODES) codes.add(code);
  const byStatus = groupBy(codes, (code) => ERROR_STATUS[code]);
  return [...byStatus].map(([status, ofStatus]) =>
    ApiResponse({
      status,
      description: ofStatus.map((code) => `\`${code}\``).join(', '),
      content: {
        'application/problem+json': {
          schema: {
            allOf: [
              { $ref: getSchemaPath(ProblemDetailsResponse) },
              { type: 'object', properties: { code: { type: 'string', enum: ofStatus } } },
            ],
          },
        },
      },
    }),
  );
}

const BODY_CODES: ErrorCode[] = ['MALFORMED_JSON', 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'];

function requestHeaders(route: Documentation): MethodDecorator[] {
  const decorators: MethodDecorator[] = [];
  if (route.idempotent) {
    decorators.push(
      ApiHeader({
        name: 'Idempotency-Key',
        required: false,
        description: 'Repeats with this key within 24 h are answered like the first request, and done once.',
        schema: { type: 'string', minLength: 1, maxLength: 255 },
      }),
    );
  }
  if (route.etag) {
    decorators.push(ApiHeader({ name: 'If-None-Match', required: false, description: 'ETag of the version at hand.' }));
  }
  return decorators;
}

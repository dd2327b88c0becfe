import { BadRequestException, HttpException, NotFoundException } from '@nestjs/common';
import { AppError } from '../../common/app-error.js';
import { problemDetails } from './problem-details.js';
import { toAppError } from './problem-details.filter.js';

describe(toAppError.name, () => {
  it('leaves our own errors as they are', () => {
    const error = new AppError('POST_NOT_FOUND', 'There is no such post.');
    expect(toAppError(error)).toBe(error);
  });

  it.each([
    [new NotFoundException('secret'), 404, 'ROUTE_NOT_FOUND'],
    [new BadRequestException('secret'), 400, 'BAD_REQUEST'],
    [new HttpException('secret', 418), 400, 'BAD_REQUEST'],
    [Object.assign(new Error('secret'), { statusCode: 413 }), 413, 'PAYLOAD_TOO_LARGE'],
    [Object.assign(new Error('secret'), { statusCode: 415 }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [new Error('secret'), 500, 'INTERNAL_ERROR'],
    [new TypeError('secret'), 500, 'INTERNAL_ERROR'],
    ['secret', 500, 'INTERNAL_ERROR'],
    [null, 500, 'INTERNAL_ERROR'],
    [undefined, 500, 'INTERNAL_ERROR'],
  ])('makes of %p an error that keeps its message to itself', (thrown, status, code) => {
    const error = toAppError(thrown);
    expect(error).toMatchObject({ status, code });
    expect(error.message).not.toContain('secret');
    expect(error.cause).toBe(thrown);
  });
});

describe(problemDetails.name, () => {
  it('has the members of RFC 9457 and ours', () => {
    const errors = [{ field: 'content', message: 'must not be blank' }];
    expect(problemDetails('VALIDATION_FAILED', 'No.', 'r-1', errors)).toEqual({
      type: 'urn:sns:problem:validation-failed',
      title: 'Bad Request',
      status: 400,
      detail: 'No.',
      code: 'VALIDATION_FAILED',
      requestId: 'r-1',
      errors,
    });
    expect(problemDetails('POST_NOT_FOUND', 'No.', 'r-1')).not.toHaveProperty('errors');
  });
});

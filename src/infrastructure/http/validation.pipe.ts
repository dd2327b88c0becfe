import { type ArgumentMetadata, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, validationFailed } from '../../common/app-error.js';
import { EMPTY_BODY, malformedJson } from './json-bodies.js';

/** Levels of the deepest body of ours, with room; what recurses over a body must not run out of stack. */
const MAX_DEPTH = 10;

/**
 * Refuses what Nest's own pipe lets through: no body, and `null`, which it takes for an empty object; fields with the
 * name of something that every object has, which it drops in silence; and bodies so deep that it overflows the stack.
 */
class StrictValidationPipe extends ValidationPipe {
  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && value === EMPTY_BODY) throw malformedJson();
    if (metadata.type === 'body' && (value === null || value === undefined)) {
      throw validationFailed([{ field: 'body', message: 'must be an object' }]);
    }
    const refused = metadata.type === 'body' || metadata.type === 'query' ? unsafeFields(value) : [];
    if (refused.length > 0) throw validationFailed(refused);
    return super.transform(value, metadata);
  }
}

function unsafeFields(value: unknown, path = '', depth = 0): FieldError[] {
  if (typeof value !== 'object' || value === null) return [];
  if (depth === MAX_DEPTH) return [{ field: path, message: 'is nested too deeply' }];
  return Object.entries(value).flatMap(([name, part]): FieldError[] => {
    const field = Array.isArray(value) ? `${path}[${name}]` : path ? `${path}.${name}` : name;
    if (name in Object.prototype || name === 'prototype') {
      return [{ field, message: `property ${name} should not exist` }];
    }
    return unsafeFields(part, field, depth + 1);
  });
}

/** Checks bodies and queries against their classes: unknown fields are refused, every broken field is listed. */
export const createValidationPipe = (): ValidationPipe =>
  new StrictValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
    stopAtFirstError: true,
    validationError: { target: false, value: false },
    exceptionFactory: (errors) => validationFailed(fieldErrors(errors)),
  });

function fieldErrors(errors: ValidationError[], path = ''): FieldError[] {
  return errors.flatMap((error) => {
    const isIndex = /^[0-9]+$/.test(error.property);
    const field = isIndex ? `${path}[${error.property}]` : path ? `${path}.${error.property}` : error.property;
    const messages = Object.values(error.constraints ?? {}).map((message) => ({ field, message }));
    return [...messages, ...fieldErrors(error.children ?? [], field)];
  });
}

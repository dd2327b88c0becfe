import { type ArgumentMetadata, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, validationFailed } from '../../common/app-error.js';

/** Nest's own pipe takes no body, and `null`, for an empty object. */
class BodyIsNeededPipe extends ValidationPipe {
  override transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'body' && (value === null || value === undefined)) {
      throw validationFailed([{ field: 'body', message: 'must be an object' }]);
    }
    return super.transform(value, metadata);
  }
}

/** Checks bodies and queries against their classes: unknown fields are refused, every broken field is listed. */
export const createValidationPipe = (): ValidationPipe =>
  new BodyIsNeededPipe({
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

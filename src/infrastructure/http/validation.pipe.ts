import { ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, validationFailed } from '../../common/app-error.js';

/** Checks bodies and queries against their classes: unknown fields are refused, every broken field is listed. */
export const createValidationPipe = (): ValidationPipe =>
  new ValidationPipe({
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

import { ValidateBy, type ValidationOptions } from 'class-validator';

/** Control characters other than tab and line feed, lone surrogates (not encodable as UTF-8), and U+FFFE/U+FFFF. */
const FORBIDDEN = /(?![\t\n])[\p{Cc}\p{Cs}\uFFFE\uFFFF]/u;

/** The length of a text as users count it and as the limits are written: in code points. */
export const codePoints = (text: string): number => Array.from(text).length;

/**
 * A text of `min` to `max` code points without control characters (line feed and tab are allowed). Text that has a
 * lower bound must also have something visible in it.
 */
export function IsText(min: number, max: number, options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: 'isText',
      validator: {
        validate: (value: unknown) => typeof value === 'string' && problemOf(value, min, max) === undefined,
        defaultMessage: (args) =>
          typeof args?.value === 'string' ? problemOf(args.value, min, max)! : 'must be a string',
      },
    },
    options,
  );
}

function problemOf(text: string, min: number, max: number): string | undefined {
  if (text.length > max * 2 || codePoints(text) > max || codePoints(text) < min) {
    return `must have ${min} to ${max} characters`;
  }
  if (FORBIDDEN.test(text)) return 'must not have control characters other than line feed and tab';
  if (min > 0 && text.trim() === '') return 'must not be blank';
  return undefined;
}

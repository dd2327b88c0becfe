import type { Random } from '../../oracle/random.js';
import { resolve, type OpenApiDocument, type Schema } from '../../support/openapi.js';

/** Texts that have broken something somewhere. */
const ODD_TEXTS = [
  '',
  ' ',
  '\n',
  '\t.\n',
  '\u0000',
  'a\u0000b',
  '\u001b[31m',
  '\r\n',
  '\u0085',
  '\u2028',
  '\ufeff',
  '\ufffe',
  '\ud800',
  '\udfff\ud800',
  'é',
  'e\u0301',
  '\u212a',
  'ß',
  'İ',
  'ﷺ'.repeat(20),
  '𝕏',
  '👩‍👩‍👧‍👦',
  '🏳️‍🌈'.repeat(10),
  '\u202egnp.exe',
  'Z͑ͫ̓a̴l̵g̶o̷',
  '٣',
  '0',
  '-1',
  '01',
  '1e3',
  '1.5',
  'NaN',
  'null',
  'undefined',
  'true',
  '[object Object]',
  '9223372036854775807',
  '9223372036854775808',
  '18446744073709551616',
  "' OR 1=1 -- ",
  '%',
  '_',
  '\\',
  '"',
  '%00',
  '%s%n',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  '../../etc/passwd',
  'media/1/x.png',
  'http://127.0.0.1:1/',
  '<script>',
  '{{7*7}}',
  'x'.repeat(51),
  'x'.repeat(255),
  'x'.repeat(2_201),
  'x'.repeat(20_000),
  '𝕏'.repeat(2_200),
];

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1,
  1.5,
  1e21,
  1e308,
  -1e308,
  Number.MAX_SAFE_INTEGER,
  Number.MAX_SAFE_INTEGER + 2,
  5e-324,
  [],
  [[]],
  [null],
  {},
  { length: 3 },
  { toString: 'x' },
  { constructor: 1 },
  [1, 'a', null, {}],
  Array.from({ length: 11 }, () => 'x'),
  Array.from({ length: 2_000 }, () => 1),
];

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789_. -\n\tÄéß漢字🙂';

/** A text of letters of many kinds. @param most code points */
export function anyText(random: Random, most: number): string {
  const letters = Array.from(LETTERS);
  return Array.from({ length: random.int(0, Math.min(most, 60)) }, () => random.pick(letters)).join('');
}

export const oddText = (random: Random): string => random.pick(ODD_TEXTS);

/** A value of a wrong kind as often as not. */
export function oddValue(random: Random): unknown {
  const kind = random.int(0, 9);
  if (kind < 4) return oddText(random);
  // A copy: what it becomes a part of may be put into another one.
  if (kind < 9) return structuredClone(random.pick(ODD_VALUES));
  return nested(random.int(1, 200));
}

function nested(depth: number): unknown {
  let value: unknown = 'x';
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { value };
  return value;
}

/** A value that fits a schema, as far as a schema can say; texts at the edges of their lengths, too. */
export function fittingValue(document: OpenApiDocument, schema: Schema, random: Random): unknown {
  const { type, items, properties, ...rest } = resolve(document, schema);
  if (properties) {
    const entries = Object.entries(properties).map(([name, one]) => [name, fittingValue(document, one, random)]);
    return Object.fromEntries(entries);
  }
  if (items) {
    const { minItems = 0, maxItems = 3 } = rest;
    const count = random.int(minItems, random.int(0, 9) === 0 ? maxItems : Math.max(minItems, 2));
    return Array.from({ length: count }, () => fittingValue(document, items, random));
  }
  if (type === 'integer' || type === 'number') return random.int(rest.minimum ?? 0, Math.min(rest.maximum ?? 1e9, 1e9));
  if (type === 'boolean') return random.int(0, 1) === 1;
  if (rest.enum) return random.pick(rest.enum);
  const { minLength = 0, maxLength = 40 } = rest;
  if (random.int(0, 4) === 0) return structuredClone(rest.example);
  if (random.int(0, 9) === 0) return random.pick(['x', '𝕏', 'é']).repeat(random.pick([minLength, maxLength]));
  return anyText(random, maxLength).padEnd(minLength, 'x');
}

/** Bytes that were JSON before something happened to them. */
export function spoilt(json: string, random: Random): string {
  const at = random.int(0, Math.max(0, json.length - 1));
  switch (random.int(0, 4)) {
    case 0:
      return json.slice(0, at);
    case 1:
      return json.slice(0, at) + json.slice(at + 1);
    case 2:
      return `${json.slice(0, at)}${random.pick(['"', '\\', '{', '}', ',', '\u0000', '\ufeff', 'é'])}${json.slice(at)}`;
    case 3:
      return json.replace(/:/, ':'.repeat(2));
    default:
      return json + json;
  }
}

import { isIP } from 'node:net';
import { z } from 'zod';
import { parseDurationMs } from '../common/duration.js';
import { isMediaType } from '../common/media-types.js';

/** A network address that a client of ours connects to. */
export interface Address {
  host: string;
  port: number;
}

/** A key that signs or verifies access tokens. */
export interface SigningKey {
  /** Key id, sent in the token's header so that a verifier finds the key. */
  kid: string;
  secret: string;
}

/** Messages say what is allowed and never repeat the value: it may be a secret. */
const parsed = <T>(parse: (text: string) => T | undefined, expectation: string) =>
  z.string().transform((text, context): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `must be ${expectation}` });
    return z.NEVER;
  });

/** Any text, the empty one too. */
export const text = () => z.string();

/** One of some words, written as they are here. */
export const oneOf = <const T extends string>(...choices: T[]) =>
  parsed((value) => choices.find((choice) => choice === value), `one of ${choices.join(', ')}`);

/** A whole number in decimal digits, from `min` to `max`, both included. */
export const wholeNumber = (min: number, max: number) =>
  parsed(
    (value) =>
      /^[0-9]{1,12}$/.test(value) && Number(value) >= min && Number(value) <= max ? Number(value) : undefined,
    `a whole number from ${min} to ${max}`,
  );

/** A share such as `0.05`: from 0, for none, to 1, for all. */
export const share = () =>
  parsed((value) => (/^(0|1|0?\.[0-9]{1,9}|1\.0+)$/.test(value) ? Number(value) : undefined), 'a number from 0 to 1');

/** A port to listen on; 0 lets the system choose one, as tests do. */
export const port = () => wholeNumber(0, 65_535);

/** `500ms`, `30s`, `15m`, `24h`, `7d`; the configuration holds milliseconds. */
export const duration = () => parsed(parseDurationMs, 'a duration such as 500ms, 30s, 15m, 24h or 7d');

const BYTES: Record<string, number> = { KB: 1_024, MB: 1_024 ** 2, GB: 1_024 ** 3 };

/** `500KB`, `20MB`, `5GB`, of 1,024 each; the configuration holds bytes. */
export const byteSize = (max: number) =>
  parsed(
    (value) => {
      const match = /^([1-9][0-9]{0,5})(KB|MB|GB)$/.exec(value);
      const bytes = match ? Number(match[1]) * BYTES[match[2]!]! : Infinity;
      return bytes <= max ? bytes : undefined;
    },
    `a size such as 500KB, 20MB or 1GB, of ${max / 1_024 ** 3}GB at most`,
  );

/** Types of media that the service knows how to check, comma-separated. */
export const mediaTypes = () =>
  parsed((value) => {
    const list = value.split(',').map((part) => part.trim());
    return list.every(isMediaType) ? list : undefined;
  }, 'types of images and videos that can be checked, comma-separated');

function parseAddress(value: string): Address | undefined {
  const match = /^([A-Za-z0-9._-]+):([0-9]{1,5})$/.exec(value.trim());
  if (!match || Number(match[2]) < 1 || Number(match[2]) > 65_535) return undefined;
  return { host: match[1]!, port: Number(match[2]) };
}

/** A server as `host:port`; an address of IPv6 is not one. */
export const address = () => parsed(parseAddress, 'host:port');

/** Servers as `host:port`, comma-separated; the empty text is none. */
export const addresses = () =>
  parsed((value) => {
    const list = value === '' ? [] : value.split(',').map(parseAddress);
    return list.every((item) => item !== undefined) ? list : undefined;
  }, 'host:port, comma-separated');

/** `kid:secret`, comma-separated; the first signs and all verify, so that a key is rotated without logging anybody out. */
export const signingKeys = () =>
  parsed((value) => {
    const keys = value.split(',').map((part): SigningKey | undefined => {
      const match = /^([A-Za-z0-9._-]{1,32}):(.{32,})$/.exec(part.trim());
      return match ? { kid: match[1]!, secret: match[2]! } : undefined;
    });
    return keys.every((key) => key !== undefined) ? keys : undefined;
  }, 'kid:secret, comma-separated, with secrets of at least 32 characters');

/** The origin that absolute links start with, without a trailing slash; empty when it is to be derived. */
export const baseUrl = () =>
  parsed((value) => {
    if (value === '') return '';
    const url = URL.parse(value);
    return url && /^https?:$/.test(url.protocol) ? value.replace(/\/+$/, '') : undefined;
  }, 'an http or https URL');

const isAddressRange = (part: string): boolean => {
  const [ip, bits, ...rest] = part.split('/');
  const version = isIP(ip ?? '');
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
};

/** IP addresses and CIDR ranges, comma-separated; empty for none. */
export const addressRanges = () =>
  parsed((value) => {
    const parts = value === '' ? [] : value.split(',').map((part) => part.trim());
    return parts.every(isAddressRange) ? parts : undefined;
  }, 'IP addresses or CIDR ranges, comma-separated');

/** Web origins such as `https://app.example.com`, comma-separated; empty for none. */
export const origins = () =>
  parsed((value) => {
    const list = value === '' ? [] : value.split(',').map((part) => part.trim());
    return list.every((origin) => URL.parse(origin)?.origin === origin) ? list : undefined;
  }, 'origins such as https://app.example.com, comma-separated');

/** `on` or `off`. */
export const toggle = () => oneOf('on', 'off').transform((value) => value === 'on');

/** A budget such as `300/1m`: so many requests in that time. */
export interface Budget {
  requests: number;
  windowMs: number;
}

/** Reads a {@link Budget}, such as `300/1m`; its window is a second or more. */
export const budget = () =>
  parsed((value): Budget | undefined => {
    const match = /^([1-9][0-9]{0,8})\/([0-9]+(?:ms|s|m|h|d))$/.exec(value);
    const windowMs = match && parseDurationMs(match[2]!);
    return match && windowMs && windowMs >= 1_000 ? { requests: Number(match[1]), windowMs } : undefined;
  }, 'a budget such as 300/1m, over a second or more');

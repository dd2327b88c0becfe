import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { DEVELOPMENT_SECRETS } from '../../src/config/env.schema.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** How secrets look that are of some use to somebody. */
const SHAPES: Record<string, RegExp> = {
  'a private key': /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/,
  'an access key of AWS': /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/,
  'a token of GitHub': /\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{60,}\b/,
  'a token of GitLab': /\bglpat-[A-Za-z0-9_-]{20,}\b/,
  'a token of npm': /\bnpm_[A-Za-z0-9]{36}\b|_authToken=[A-Za-z0-9]/,
  'a token of Slack': /\bxox[abprs]-[A-Za-z0-9-]{10,}/,
  'a key of Stripe': /\b[rs]k_live_[A-Za-z0-9]{20,}/,
  'a key of Google': /\bAIza[A-Za-z0-9_-]{35}\b/,
  'a signed token': /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}/,
  'a password in an address': /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@'"`$<>{}]+:[^\s/:@'"`$<>{}]+@[^\s/]/,
  'a hash of a password': /\$argon2(?:id?|d)\$v=\d+\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{10,}/,
};
/** Files that are never meant to be here. */
const FILES =
  /(^|\/)(\.env(\.(?!example$).*)?|\.npmrc\.local|id_[a-z0-9]+|.*\.(pem|key|p12|pfx|jks|kdbx)|credentials(\.json)?)$/;
/** Written down to be nobody's: each is in a text that says so. */
const EXAMPLES = [/http:\/\/user:secret@/];

const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);

const textOf = (file: string): string =>
  EXAMPLES.reduce((text, one) => text.replace(one, ''), readFileSync(root + file, 'utf8'));

describe('The repository', () => {
  it('has no file that is meant to hold secrets', () => {
    expect(files.length).toBeGreaterThan(300);
    expect(files.filter((file) => FILES.test(file))).toEqual([]);
  });

  it('has no text that looks like a secret', () => {
    const found = files.flatMap((file) => {
      const text = textOf(file);
      return Object.entries(SHAPES).flatMap(([what, shape]) => (shape.test(text) ? [`${file}: ${what}`] : []));
    });
    expect(found).toEqual([]);
  });

  it('would find each of them', () => {
    const samples: Record<keyof typeof SHAPES, string> = {
      'a private key': `-----BEGIN ${'RSA PRIVATE'} KEY-----`,
      'an access key of AWS': `AKIA${'X'.repeat(16)}`,
      'a token of GitHub': `ghp_${'x'.repeat(36)}`,
      'a token of GitLab': `glpat-${'x'.repeat(20)}`,
      'a token of npm': `npm_${'x'.repeat(36)}`,
      'a token of Slack': `xoxb-${'1'.repeat(12)}`,
      'a key of Stripe': `sk_live_${'x'.repeat(24)}`,
      'a key of Google': `AIza${'x'.repeat(35)}`,
      'a signed token': ['eyJhbGciOiJIUzI1', 'eyJzdWIiOiIxMjM0', 'c2lnbmF0dXJl'].join('.'),
      'a password in an address': ['mysql://root', 'hunter2@db.example.test'].join(':'),
      'a hash of a password': ['$argon2id', 'v=19', 'm=19456,t=2,p=1', 'c29tZXNhbHQxMjM'].join('$'),
    };
    const missed = Object.entries(SHAPES).filter(([what, shape]) => !shape.test(samples[what]!));
    expect(missed.map(([what]) => what)).toEqual([]);
  });

  it('has secrets for development that say what they are, and that production refuses', () => {
    for (const secret of DEVELOPMENT_SECRETS) expect(secret).toContain('sns-development');
  });
});

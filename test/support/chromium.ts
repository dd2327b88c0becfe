import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { chromium, type BrowserContext } from 'playwright-core';

const run = promisify(execFile);

/** Where distributions put it; CHROMIUM names another place. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Time for {@link ensureChromium} where it has to install. */
export const INSTALL_TIMEOUT_MS = 300_000;

const find = (): string | undefined => {
  const { CHROMIUM } = process.env;
  return [...(CHROMIUM ? [CHROMIUM] : []), ...PLACES].find(existsSync);
};

/** The browser of the machine; a machine of Debian's whose root we are gets one. @throws Error that says what to do */
export async function ensureChromium(): Promise<string> {
  const found = find();
  if (found !== undefined) return found;
  let failure: unknown;
  if (process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    try {
      await run('apt-get', ['update', '-qq'], { env });
      await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { env });
    } catch (error) {
      failure = error;
    }
  }
  const installed = find();
  if (installed !== undefined) return installed;
  throw new Error(
    'this test needs Chromium: install it (Debian: apt-get install chromium), or set CHROMIUM to its path',
    {
      cause: failure,
    },
  );
}

/** Runs `work` in a headless browser with a profile of its own, which knows nothing and is gone afterwards. */
export async function withBrowser<T>(work: (context: BrowserContext) => Promise<T>): Promise<T> {
  const profile = await mkdtemp(join(tmpdir(), 'sns-chromium-'));
  try {
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: await ensureChromium(),
      headless: true,
      chromiumSandbox: false,
      args: FLAGS,
      viewport: { width: 1_280, height: 1_000 },
    });
    try {
      return await work(context);
    } finally {
      await context.close();
    }
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { CDPSession, Page } from 'playwright-core';
import type { Member } from '../support/api-client.js';
import { ensureChromium, INSTALL_TIMEOUT_MS, withBrowser } from '../support/chromium.js';
import { png } from '../support/media.js';
import { TestApp } from '../support/test-app.js';

/** A browser on a loaded machine. */
const TIMEOUT_MS = 60_000;
const PAGE = join(import.meta.dirname, '../support/upload-page.html');
/** Large enough that it does not go in one piece. */
const BYTES = 3 * 1_024 ** 2;
const BYTES_PER_SECOND = 2 * 1_024 ** 2;

describe('A page in a browser', () => {
  let server: Server;
  let origin: string;
  let app: TestApp;
  let ann: Member;

  beforeAll(async () => {
    await ensureChromium();
    const html = await readFile(PAGE);
    // Not the product's: a web client lives on an origin of its own.
    server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(html));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    app = await TestApp.start({ env: { CORS_ORIGINS: origin } });
    ann = await app.api.register();
  }, INSTALL_TIMEOUT_MS);
  afterAll(async () => {
    await app?.close();
    server?.close();
  });

  it(
    'uploads a picture, sees how far it is, posts it and sees it in the feed, and none of its bytes pass the API',
    async () => {
      const apiBytes = receivedBy(app);
      await withBrowser(async (context) => {
        const page = await context.newPage();
        page.setDefaultTimeout(TIMEOUT_MS / 2);
        const problems: string[] = [];
        page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
        const puts: string[] = [];
        page.on('request', (request) => request.method() === 'PUT' && puts.push(new URL(request.url()).origin));
        await page.goto(`${origin}/#api=${app.api.url}&token=${ann.token}`);
        await slowDown(page);
        const { fileName: name, contentType: mimeType, body } = png(BYTES);
        await page.locator('#file').setInputFiles({ name, mimeType, buffer: Buffer.from(body) });
        await page.locator('#post').click();
        await page
          .locator('#state')
          .getByText(/done|failed/)
          .waitFor();
        expect(await page.locator('#state').innerText()).toBe('done');

        const shares = (await page.locator('#progress li').allInnerTexts()).map(Number);
        expect(shares.length).toBeGreaterThan(2);
        expect(shares).toEqual(shares.toSorted((a, b) => a - b));
        expect([shares[0]! < 0.9, shares.at(-1)]).toEqual([true, 1]);
        const shown = await page.evaluate<{ naturalWidth: number; src: string }[]>(
          'Array.from(document.images, ({ naturalWidth, src }) => ({ naturalWidth, src }))',
        );
        const feed = await ann.feed();
        expect(shown).toEqual([{ naturalWidth: 1, src: feed.items[0]!.post.media[0]!.url }]);
        expect(puts).toEqual([new URL(shown[0]!.src).origin]);
        expect(problems).toEqual([]);
        if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, 'upload.png') });
      });
      // A file of three megabytes was posted; the API has received some requests.
      expect(apiBytes()).toBeGreaterThan(0);
      expect(apiBytes()).toBeLessThan(50_000);
    },
    TIMEOUT_MS * 2,
  );
});

/** Counts all bytes that reach the API's port from now on, those of headers too. */
function receivedBy(app: TestApp): () => number {
  const sockets = new Set<{ bytesRead: number }>();
  app.nest.getHttpServer().on('connection', (socket: { bytesRead: number }) => sockets.add(socket));
  return () => [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, 0);
}

/** As a line that sends no faster: else a picture is gone before its progress can be told. */
async function slowDown(page: Page): Promise<void> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  await session.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput: BYTES_PER_SECOND,
  });
}

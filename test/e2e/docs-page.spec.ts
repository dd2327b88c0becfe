import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { ensureChromium, INSTALL_TIMEOUT_MS, withBrowser } from '../support/chromium.js';
import { PASSWORD } from '../support/api-client.js';
import type { FeedPage, Post, Session } from '../support/contract.js';
import { startProcess, type TestProcess } from '../support/processes.js';
import { testEnv } from '../support/test-config.js';
import { TestDatabase } from '../support/test-database.js';

/** A browser on a loaded machine. */
const TIMEOUT_MS = 60_000;

describe('The page at /docs', () => {
  let database: TestDatabase;
  let program: TestProcess;

  beforeAll(async () => {
    await ensureChromium();
    database = await TestDatabase.create();
    // Not the name that the page is reached by: it must work under any, as with `npm start`.
    program = await startProcess('main', testEnv(database.name, { PUBLIC_URL: 'http://sns.example.test' }));
    await program.ready();
  }, INSTALL_TIMEOUT_MS);
  afterAll(async () => {
    await program?.stop('SIGTERM');
    await database?.drop();
  });

  it(
    'lets somebody register, log in, post and read their feed',
    async () => {
      await withBrowser(async (context) => {
        const page = await context.newPage();
        page.setDefaultTimeout(TIMEOUT_MS / 3);
        const problems: string[] = [];
        page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
        page.on('pageerror', (error) => problems.push(error.message));
        const strangers: string[] = [];
        page.on('request', (request) => {
          const url = request.url();
          if (!/^(data|blob):/.test(url) && !url.startsWith(program.url)) strangers.push(url);
        });

        await page.goto(`${program.url}/docs`);
        expect(await page.title()).toBe('SNS API');
        expect(await page.locator('.opblock').count()).toBeGreaterThan(25);

        const username = `d_${randomBytes(6).toString('hex')}`;
        const account = { username, email: `${username}@example.test`, password: PASSWORD };
        const registered = await tryOut<Session>(page, 'Auth_register', account);
        expect([registered.status, registered.body.user.username]).toEqual([201, username]);
        const loggedIn = await tryOut<Session>(page, 'Auth_login', { login: username, password: PASSWORD });
        expect(loggedIn.status).toBe(200);

        expect((await tryOut(page, 'Posts_create', { content: 'too early' })).status).toBe(401);
        await authorize(page, loggedIn.body.accessToken);
        const content = 'Written in the browser 🌍';
        const posted = await tryOut<Post>(page, 'Posts_create', { content });
        expect([posted.status, posted.body.content]).toEqual([201, content]);
        const feed = await tryOut<FeedPage>(page, 'Feeds_page');
        expect(feed.body.items.map(({ post }) => post)).toEqual([posted.body]);
        expect(await operation(page, 'Feeds_page').locator('.live-responses-table').innerText()).toContain(content);

        if (process.env.SCREENSHOTS) await page.screenshot({ path: join(process.env.SCREENSHOTS, 'docs.png') });
        // The browser itself reports the 401 that was asked for.
        expect(problems.filter((problem) => !problem.includes('401'))).toEqual([]);
        expect(strangers).toEqual([]);
      });
    },
    TIMEOUT_MS * 2,
  );
});

const operation = (page: Page, operationId: string): Locator => page.locator(`[id$="-${operationId}"].opblock`);

/** Fills in an operation as a reader of the page does, and reads the answer off the page. */
async function tryOut<T>(page: Page, operationId: string, body?: object): Promise<{ status: number; body: T }> {
  const block = operation(page, operationId);
  if (!(await block.locator('.execute').isVisible())) {
    await block.locator('.opblock-summary').first().click();
    await block.getByRole('button', { name: 'Try it out' }).click();
  }
  if (body) await block.locator('textarea.body-param__text').fill(JSON.stringify(body));
  const clear = block.locator('.btn-clear');
  if (await clear.isVisible()) await clear.click();
  await block.locator('.execute').click();
  const answer = block.locator('.live-responses-table .response').first();
  await answer.waitFor();
  const status = Number((await answer.locator('.response-col_status').innerText()).trim().split(/\s/)[0]);
  const shown = await answer.locator('.response-col_description .highlight-code').first().innerText();
  return { status, body: JSON.parse(shown.slice(shown.indexOf('{'), shown.lastIndexOf('}') + 1)) as T };
}

async function authorize(page: Page, token: string): Promise<void> {
  await page.locator('.auth-wrapper .authorize').first().click();
  const dialog = page.locator('.dialog-ux');
  await dialog.locator('input').fill(token);
  await dialog.getByRole('button', { name: 'Apply credentials' }).click();
  await dialog.getByRole('button', { name: 'Remove authorization' }).waitFor();
  await dialog.locator('.btn-done').click();
  await dialog.waitFor({ state: 'hidden' });
}

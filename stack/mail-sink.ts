// A mail server for development: accepts every mail, keeps the last ones in memory, and shows them.
//   node stack/mail-sink.ts [--host 127.0.0.1] [--smtp 1025] [--page 1080]
//   GET / is a web page, GET /mails the same as JSON (newest first), DELETE /mails forgets them.
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { simpleParser, type AddressObject } from 'mailparser';
import { SMTPServer } from 'smtp-server';

/** Enough to look at; a load test must not fill the memory. */
const KEPT_MAILS = 500;
const MAX_MAIL_BYTES = 1024 * 1024;

interface Mail {
  receivedAt: string;
  from: string;
  to: string;
  subject: string;
  text: string;
}

const { values: options } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    smtp: { type: 'string', default: '1025' },
    page: { type: 'string', default: '1080' },
  },
});

const mails: Mail[] = [];

const addresses = (field: AddressObject | AddressObject[] | undefined): string =>
  [field ?? []]
    .flat()
    .map((group) => group.text)
    .join(', ');

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

const page = (): string =>
  `<!doctype html><meta charset="utf-8"><title>Mail sink</title>
<style>body{font:1rem sans-serif;margin:2rem auto;max-width:60rem}pre{white-space:pre-wrap}</style>
<h1>${mails.length} mails</h1>
${mails
  .map((mail) => {
    const head = [mail.receivedAt, mail.from, `to ${mail.to}`].map(escapeHtml).join(' · ');
    return `<article><h2>${escapeHtml(mail.subject)}</h2><p>${head}</p><pre>${escapeHtml(mail.text)}</pre></article>`;
  })
  .join('\n')}`;

const smtp = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS', 'AUTH'],
  size: MAX_MAIL_BYTES,
  onData(stream, _session, done) {
    simpleParser(stream).then(
      (parsed) => {
        mails.unshift({
          receivedAt: new Date().toISOString(),
          from: addresses(parsed.from),
          to: addresses(parsed.to),
          subject: parsed.subject ?? '',
          text: parsed.text ?? '',
        });
        mails.length = Math.min(mails.length, KEPT_MAILS);
        done();
      },
      (error: Error) => done(error),
    );
  },
});
smtp.on('error', (error) => console.error(`SMTP: ${error.message}`));

const web = createServer((request, response) => {
  const route = `${request.method} ${request.url}`;
  if (route === 'GET /') {
    response.setHeader('content-type', 'text/html; charset=utf-8').end(page());
  } else if (route === 'GET /mails') {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(mails));
  } else if (route === 'DELETE /mails') {
    mails.length = 0;
    response.writeHead(204).end();
  } else {
    response.writeHead(404).end();
  }
});

smtp.listen(Number(options.smtp), options.host);
web.listen(Number(options.page), options.host);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));

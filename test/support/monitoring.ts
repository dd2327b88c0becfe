import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { services } from './services.js';
import { until } from './settle.js';

const SERVICES = ['mysql-exporter', 'redis-exporter', 'node-exporter', 'alertmanager', 'prometheus'];

export interface Mail {
  to: string[];
  subject: string;
  text: string;
}

interface Answer {
  status: string;
  error?: string;
  data: { result: { metric: Record<string, string>; value: [number, string] }[] };
}

type Labels = Record<string, string>;

/** Prometheus, Alertmanager and the exporters of the runner, with the rules of production, where seconds are minutes. */
export class Monitoring {
  private readonly prometheus = variable('STACK_PROMETHEUS_URL');
  private readonly alertmanager = variable('STACK_ALERTMANAGER_URL');
  private readonly sink = variable('STACK_MAIL_URL');

  /** @param targets addresses of the processes under test by job */
  static async start(targets: Record<string, string>): Promise<Monitoring> {
    const monitoring = new Monitoring();
    await Promise.all(SERVICES.map((name) => services.start(name)));
    for (const [job, url] of Object.entries(targets)) monitoring.scrape(job, url);
    await monitoring.clearMails();
    return monitoring;
  }

  /** Has Prometheus scrape an address for a job, instead of the one before. @param job `api`, or `api-2` for a further instance */
  scrape(job: string, url: string): void {
    const file = targets(job);
    // At once, as whoever writes such a file should: Prometheus may read it at any moment.
    writeFileSync(`${file}.new`, JSON.stringify([{ targets: [new URL(url).host], labels: {} }]));
    renameSync(`${file}.new`, file);
  }

  /** An instance was taken away on purpose. */
  forget(job: string): void {
    rmSync(targets(job), { force: true });
  }

  async stop(): Promise<void> {
    await Promise.all(SERVICES.map((name) => services.kill(name)));
    await this.clearMails();
  }

  /** The values of an instant query. @throws when Prometheus refuses it */
  async query(expr: string): Promise<number[]> {
    const response = await fetch(`${this.prometheus}/api/v1/query`, {
      method: 'POST',
      body: new URLSearchParams({ query: expr }),
    });
    const answer = (await response.json()) as Answer;
    if (answer.status !== 'success') throw new Error(`${expr}: ${answer.error}`);
    return answer.data.result.map(({ value }) => Number(value[1]));
  }

  async value(expr: string): Promise<boolean> {
    return (await this.query(expr)).length > 0;
  }

  /** Waits for the mail that tells of an alert, or of its end. */
  async mail(alert: string, status: 'FIRING' | 'RESOLVED', timeoutMs = 40_000): Promise<Mail> {
    const find = async () => {
      const mails = (await (await fetch(`${this.sink}/mails`)).json()) as Mail[];
      return mails.find(({ subject, text }) => subject.includes(alert) && text.includes(`${status} ${alert}`));
    };
    return until(find, { what: `the mail: ${alert} ${status}`, timeoutMs });
  }

  /** Whether Alertmanager has been told that an alert fires. */
  async fires(alert: string): Promise<boolean> {
    const response = await fetch(`${this.alertmanager}/api/v2/alerts?active=true&filter=alertname="${alert}"`);
    return ((await response.json()) as unknown[]).length > 0;
  }

  /**
   * Tells Alertmanager that alerts fire, as Prometheus would, and that they are over as soon as it has held the last of them
   * back, which comes after all others: whoever asks adds one of which that is certain.
   *
   * @returns the labels of those that it holds back because of the others
   */
  async heldBack(alerts: Labels[]): Promise<Labels[]> {
    const run = randomBytes(4).toString('hex');
    const last = alerts.at(-1)!;
    const tell = (endsInMs: number) =>
      fetch(`${this.alertmanager}/api/v2/alerts`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(
          alerts.map((labels) => ({
            labels: { ...labels, run },
            endsAt: new Date(Date.now() + endsInMs).toISOString(),
          })),
        ),
      });
    const known = async () => {
      const response = await fetch(`${this.alertmanager}/api/v2/alerts?filter=run="${run}"`);
      return (await response.json()) as { labels: Labels; status: { state: string } }[];
    };
    const held = async () => (await known()).filter(({ status }) => status.state === 'suppressed');
    const isLast = ({ labels }: { labels: Labels }) =>
      Object.entries(last).every(([name, value]) => labels[name] === value);
    await tell(60_000);
    await until(async () => (await held()).some(isLast), { what: 'the last alert to be held back' });
    const found = await held(); // in the answer before, some may have been looked at before the last one was known
    await tell(0);
    await until(async () => (await known()).length === 0, { what: 'the alerts to be over' });
    return found.map(({ labels }) => labels);
  }

  /** Forgets what was mailed so far. */
  async clearMails(): Promise<void> {
    await fetch(`${this.sink}/mails`, { method: 'DELETE' });
  }
}

const targets = (job: string): string => join(variable('STACK_INSTANCE_DIR'), 'prometheus/targets', `${job}.json`);

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run the tests with npm test`);
  return value;
}

import type { ApiClient } from './api-client.js';

type Labels = Record<string, string>;

export interface Sample {
  name: string;
  labels: Labels;
  value: number;
}

/** What a process told at one moment on its port for metrics. */
export class Metrics {
  private constructor(readonly samples: readonly Sample[]) {}

  /** @param token the METRICS_TOKEN of the process, if it has one */
  static async of(api: ApiClient, token?: string): Promise<Metrics> {
    const { text } = await api.expect<string>(200, 'GET', '/metrics', { token });
    const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Metrics(lines.map(parse));
  }

  /** The sum of all samples of a name that have these labels, and any others; 0 when there is none. */
  sum(name: string, labels: Labels = {}): number {
    const has = (sample: Sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
    return this.samples
      .filter((sample) => sample.name === name && has(sample))
      .reduce((total, sample) => total + sample.value, 0);
  }

  /** Values of a label that a counter with these labels has grown for since an earlier moment. */
  grown(since: Metrics, name: string, labels: Labels, label: string): string[] {
    const values = new Set(
      this.samples.filter((sample) => sample.name === name).map((sample) => sample.labels[label]!),
    );
    return [...values]
      .filter((value) => {
        const one = { ...labels, [label]: value };
        return this.sum(name, one) > since.sum(name, one);
      })
      .toSorted();
  }
}

function parse(line: string): Sample {
  const [, name, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)/.exec(line)!;
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text] as const);
  return { name: name!, labels: Object.fromEntries(pairs) as Labels, value: Number(value) };
}

import { styleText } from 'node:util';

const LABEL_WIDTH = 34;

/** Prints one line of a step that has just ended, with the seconds it took. */
export function printStep(label: string, startedAt: number, outcome = 'done'): void {
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`${label.padEnd(LABEL_WIDTH)} ${outcome.padEnd(12)} ${seconds.padStart(6)} s`);
}

/** Runs one step; its line appears when it has ended. What `run` returns as text is the outcome. */
export async function step(label: string, run: () => Promise<string | void>): Promise<void> {
  const startedAt = performance.now();
  try {
    printStep(label, startedAt, (await run()) ?? 'done');
  } catch (error) {
    printStep(label, startedAt, styleText('red', 'FAILED'));
    throw error;
  }
}

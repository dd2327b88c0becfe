// How far a benchmark is: a bar at a terminal, a line a step elsewhere.
import { SingleBar } from 'cli-progress';

export interface Progress {
  /** Says what comes next. */
  step(what: string): void;
  /** Prints a line above the bar. */
  say(line: string): void;
  end(): void;
}

/** @param total steps that will be told */
export function startProgress(total: number): Progress {
  const output = process.stdout;
  let done = -1;
  if (!output.isTTY) {
    return {
      step: (what) => console.log(`[${++done + 1}/${total}] ${what}`),
      say: (line) => console.log(line),
      end: () => undefined,
    };
  }
  const bar = new SingleBar({ format: '[{bar}] {value}/{total} {what}', stream: output, hideCursor: true });
  bar.start(total, 0, { what: '' });
  return {
    step: (what) => bar.update(++done, { what }),
    say: (line) => {
      output.write(`\r\x1b[K${line}\n`);
      bar.render();
    },
    end: () => {
      bar.update(total, { what: 'done' });
      bar.stop();
    },
  };
}

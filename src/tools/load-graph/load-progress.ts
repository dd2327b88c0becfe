import { SingleBar } from 'cli-progress';
import { withCommas } from './load-report.js';

/** Bad lines that are shown; of further ones the number says enough. */
const MAX_SHOWN_BAD_LINES = 10;
/** Without a terminal a line every so often tells that it goes on without filling a log. */
const LINE_INTERVAL_MS = 5_000;

/** Shows how far a load is: a bar at a terminal, a line now and then elsewhere. */
export class LoadProgress {
  private readonly startedMs = performance.now();
  private readonly bar?: SingleBar;
  private lastLineMs = this.startedMs;
  private badLines = 0;

  constructor(
    private readonly output: NodeJS.WriteStream,
    private readonly errors: NodeJS.WriteStream,
    private readonly sizeBytes: number,
  ) {
    if (!output.isTTY) return;
    const format = 'Load [{bar}] {percentage} %  {follows} follows  {rate}/s';
    this.bar = new SingleBar({ format, stream: output, hideCursor: true, gracefulExit: false });
    this.bar.start(Math.max(sizeBytes, 1), 0, { follows: '0', rate: '0' });
  }

  get seconds(): number {
    return (performance.now() - this.startedMs) / 1_000;
  }

  update(readBytes: number, followsRead: number): void {
    const follows = withCommas(followsRead);
    const rate = withCommas(followsRead / this.seconds);
    this.bar?.update(Math.min(readBytes, this.sizeBytes), { follows, rate });
    if (this.bar || performance.now() - this.lastLineMs < LINE_INTERVAL_MS) return;
    this.lastLineMs = performance.now();
    const percent = Math.floor((readBytes / this.sizeBytes) * 100);
    this.output.write(`${percent} %  ${follows} follows  ${rate}/s\n`);
  }

  badLine(number: number, reason: string, text: string): void {
    this.badLines++;
    if (this.badLines <= MAX_SHOWN_BAD_LINES) this.error(`line ${number}: ${reason}: ${text}`);
    if (this.badLines === MAX_SHOWN_BAD_LINES + 1) this.error('further bad lines are only counted');
  }

  stop(): void {
    this.bar?.stop();
  }

  private error(text: string): void {
    // At a terminal the line replaces the bar, which is drawn again below it.
    this.errors.write(this.bar && this.errors.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
  }
}

// Preloaded into API and worker processes of a test (`node --import`): their clock runs ahead of the machine's by as
// much as a file says, so that several processes and the test share a time that the test can move.
import { openSync, readSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const file = openSync(process.env.TEST_CLOCK_FILE, 'r');
const bytes = Buffer.alloc(8);
const { SystemClock } = await import(pathToFileURL(join(dirname(process.argv[1]), 'common/clock.js')).href);
SystemClock.prototype.nowMs = () => {
  readSync(file, bytes, 0, 8, 0);
  return Date.now() + bytes.readDoubleLE();
};

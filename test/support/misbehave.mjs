// Preloaded by a process of a test: on SIGUSR2 it begins to do what TEST_TROUBLE says, on the next one it is well again.
// `processor`: computes for nothing, beside its event loop. `heap`: fills its heap up to nine tenths of the limit.
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';

/** More than one processor's worth, and so few that the event loop gets its turns: what is not scraped in time is down, not busy. */
const THREADS = 2;
const FULL = 0.9;
/** Half a megabyte each. */
const NUMBERS = 65_536;

let threads = [];
let leaked = [];

const used = () => getHeapStatistics().used_heap_size / getHeapStatistics().heap_size_limit;

const troubles = {
  processor: {
    begin() {
      threads = Array.from({ length: THREADS }, () => new Worker('for (;;);', { eval: true }));
    },
    async end() {
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  },
  heap: {
    begin() {
      while (used() < FULL) leaked.push(Array.from({ length: NUMBERS }, () => 0.5));
    },
    end() {
      leaked = [];
      setFlagsFromString('--expose-gc'); // at rest a process would keep its garbage for minutes
      runInNewContext('gc')();
    },
  },
};

const trouble = troubles[process.env.TEST_TROUBLE];
let well = true;
process.on('SIGUSR2', () => {
  void (well ? trouble.begin() : trouble.end());
  well = !well;
});

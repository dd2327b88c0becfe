import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Batches between two collections: one takes some 30 ms, ten batches some seconds. */
const BATCHES_PER_COLLECTION = 10;

/**
 * Keeps the heap of a long load small. Where memory is plenty, V8 puts off collecting the garbage of batches until it
 * is hundreds of megabytes, and its limits can only be set on the command line of `node`.
 */
export class HeapBound {
  private readonly collect: () => void;
  private batches = 0;

  constructor() {
    setFlagsFromString('--expose-gc');
    this.collect = runInNewContext('gc') as () => void;
  }

  afterBatch(): void {
    if (++this.batches % BATCHES_PER_COLLECTION === 0) this.collect();
  }
}

/** What came in time, or that nothing did. */
export type InTime<T> = { value: T } | undefined;

/**
 * Waits for an answer, for a bounded time. When the time is over one more look is taken at what has arrived: a process
 * that was busy for long is late itself, not the one who answered.
 *
 * @throws what the answer rejects with in time; later rejections are nobody's
 */
export async function inTime<T>(answer: Promise<T>, deadlineMs: number): Promise<InTime<T>> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<undefined>((resolve) => {
    // Sockets are read between timers and immediates.
    timer = setTimeout(() => setImmediate(() => resolve(undefined)), deadlineMs);
  });
  try {
    return await Promise.race([answer.then((value) => ({ value })), tooLate]);
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined);
  }
}

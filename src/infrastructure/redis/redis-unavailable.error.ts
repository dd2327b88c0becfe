/** Redis gave no answer: it is down, cut off, or too slow. The caller chooses what to do without it. */
export class RedisUnavailableError extends Error {
  override name = 'RedisUnavailableError';
}

/**
 * Waits for an answer of Redis, for a bounded time.
 *
 * @throws RedisUnavailableError when there is none in time, or no connection; what Redis itself answers passes
 */
export async function withinDeadline<T>(answer: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new RedisUnavailableError(`no answer within ${deadlineMs} ms`)), deadlineMs);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } catch (error) {
    if (error instanceof RedisUnavailableError || isAnswer(error)) throw error;
    throw new RedisUnavailableError('no connection', { cause: error });
  } finally {
    clearTimeout(timer);
    answer.catch(() => undefined); // it may still fail after the deadline, and nobody waits for it any more
  }
}

/** Whether Redis itself refused, as opposed to not being there. Libraries throw refusals of their own that are no errors. */
const isAnswer = (thrown: unknown): boolean => !(thrown instanceof Error) || thrown.name === 'ReplyError';

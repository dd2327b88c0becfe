/** Where messages of MySQL quote what somebody sent: `Duplicate entry '…' for key`, `Incorrect integer value: '…' for column`. */
const QUOTED_VALUE = /\b(entry|value:?) '[^]*?'(?= for (?:key|column|function) |\n|$)/g;

interface DescribedError {
  message: string;
  type?: string;
  code?: string;
  errno?: number;
  stack?: string;
  cause?: DescribedError;
}

/** An error without the statement and the values that a driver attaches to it, or quotes: those are people's data. */
export function describeError(error: unknown): DescribedError {
  if (!(error instanceof Error)) return { message: String(error) };
  const { code, errno } = error as { code?: string; errno?: number };
  const text = (from: string): string => (errno === undefined ? from : from.replace(QUOTED_VALUE, "$1 '…'"));
  return {
    type: error.name,
    message: text(error.message),
    ...(code !== undefined && { code }),
    ...(errno !== undefined && { errno }),
    ...(error.stack !== undefined && { stack: text(error.stack) }),
    ...(error.cause !== undefined && { cause: describeError(error.cause) }),
  };
}

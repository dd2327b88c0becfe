/** A follow has two numbers of at most 16 digits; what is longer is no graph, and is not kept while its end is sought. */
export const MAX_LINE_LENGTH = 1_000;

/** Consecutive lines, without their ends. */
export interface Lines {
  /** Number of the first one, counted from 1. */
  firstNumber: number;
  /** One that is longer than {@link MAX_LINE_LENGTH} is cut to one character more. */
  texts: string[];
}

/** Splits content into lines in bounded memory, whatever it holds. `\r\n` ends a line as `\n` does. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Lines> {
  let rest = '';
  let number = 1;
  for await (const chunk of chunks) {
    // Numbers, tabs and line ends are ASCII; for the rest it only matters that no byte is lost or joined to another.
    const parts = (rest + chunk.toString('latin1')).split('\n');
    rest = cut(parts.pop()!);
    if (parts.length === 0) continue;
    yield { firstNumber: number, texts: parts.map(withoutCarriageReturn) };
    number += parts.length;
  }
  if (rest !== '') yield { firstNumber: number, texts: [withoutCarriageReturn(rest)] };
}

const cut = (text: string): string => (text.length > MAX_LINE_LENGTH ? text.slice(0, MAX_LINE_LENGTH + 1) : text);

const withoutCarriageReturn = (text: string): string => cut(text.endsWith('\r') ? text.slice(0, -1) : text);

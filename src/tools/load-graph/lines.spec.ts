import { Readable } from 'node:stream';
import { linesOf, MAX_LINE_LENGTH, type Lines } from './lines.js';

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text, 'latin1');
}

async function split(...texts: string[]): Promise<Lines[]> {
  return Readable.from(linesOf(pieces(...texts))).toArray();
}

describe(linesOf.name, () => {
  it('joins a line that was cut between pieces and counts on', async () => {
    await expect(split('1\t2\n3', '\t4\n', '5\t6')).resolves.toEqual([
      { firstNumber: 1, texts: ['1\t2'] },
      { firstNumber: 2, texts: ['3\t4'] },
      { firstNumber: 3, texts: ['5\t6'] },
    ]);
  });

  it('takes Windows line ends, cut in two as well', async () => {
    const lines = await split('1\t2\r', '\n3\t4\r\n5\t6\r');
    expect(lines.flatMap(({ texts }) => texts)).toEqual(['1\t2', '3\t4', '5\t6']);
  });

  it('counts empty lines', async () => {
    await expect(split('\n\na\n')).resolves.toEqual([{ firstNumber: 1, texts: ['', '', 'a'] }]);
  });

  it('has nothing to say of an empty file', async () => {
    await expect(split()).resolves.toEqual([]);
  });

  it('keeps only the beginning of a line that does not end', async () => {
    const piece = 'x'.repeat(64 * 1024);
    const lines = await split(...Array.from({ length: 50 }, () => piece), '\n1\t2\n');
    const texts = lines.flatMap((some) => some.texts);
    expect(texts.map((text) => text.length)).toEqual([MAX_LINE_LENGTH + 1, 3]);
  });
});

import { validateSync } from 'class-validator';
import { codePoints, IsText } from './text.validator.js';

class Subject {
  @IsText(1, 5)
  text: unknown;
}
class Optional {
  @IsText(0, 3)
  text: unknown;
}

const problemOf = (kind: typeof Subject | typeof Optional, text: unknown): string | undefined => {
  const [error] = validateSync(Object.assign(new kind(), { text }));
  return error && Object.values(error.constraints!)[0];
};

describe(IsText.name, () => {
  it.each(['a', '12345', '𝕏𝕏𝕏𝕏𝕏', 'a\nb\tc', ' a ', 'é'])('accepts %j', (text) => {
    expect(problemOf(Subject, text)).toBeUndefined();
  });

  it.each([
    ['', '1 to 5 characters'],
    ['123456', '1 to 5 characters'],
    ['𝕏𝕏𝕏𝕏𝕏𝕏', '1 to 5 characters'],
    ['   ', 'blank'],
    ['\n\t', 'blank'],
    ['a\u0000', 'control'],
    ['a\r', 'control'],
    ['a\u007f', 'control'],
    ['a\u009f', 'control'],
    ['\ud83d', 'control'],
    ['a\ufffe', 'control'],
    [5, 'string'],
    [null, 'string'],
    [['a'], 'string'],
  ])('refuses %j: %s', (text, problem) => {
    expect(problemOf(Subject, text)).toContain(problem);
  });

  it('allows nothing at all where there is no lower bound', () => {
    expect(problemOf(Optional, '')).toBeUndefined();
    expect(problemOf(Optional, '  ')).toBeUndefined();
  });
});

describe(codePoints.name, () => {
  it('counts as users do: a character outside the first plane is one', () => {
    expect(codePoints('a𝕏👋')).toBe(3);
  });
});

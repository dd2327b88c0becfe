/** Statements that change the shape of a table that may have rows. */
const CHANGES_TABLE = /^(ALTER TABLE|CREATE (UNIQUE |FULLTEXT |SPATIAL )?INDEX|DROP INDEX)\b/;
/** Statements that take a whole table away from the service, and have no way not to. */
const TAKES_TABLE = /^(RENAME TABLE|TRUNCATE|OPTIMIZE|REPAIR|LOCK TABLES?|FLUSH)\b/;

/**
 * What is wrong with a statement of a migration that runs while the service does. A statement that says how it locks is
 * refused by MySQL when it cannot keep to it; one that does not say blocks without a word.
 *
 * @returns `undefined` when nothing is
 */
export function whyNotOnline(sql: string): string | undefined {
  const text = bare(sql);
  const taken = TAKES_TABLE.exec(text);
  if (taken) return `${taken[1]} blocks the service or breaks it`;
  if (!CHANGES_TABLE.test(text)) return undefined;
  if (/\bRENAME (COLUMN|TO|AS)\b/.test(text)) return 'the code that runs knows the old name only: add, copy, drop';
  const algorithm = /\bALGORITHM ?=? ?(\w+)/.exec(text)?.[1];
  const lock = /\bLOCK ?=? ?(\w+)/.exec(text)?.[1];
  // MySQL takes no other LOCK with INSTANT, which locks nothing beyond the moment.
  if (algorithm === 'INSTANT' && lock === 'DEFAULT') return undefined;
  if (algorithm === 'INPLACE' && lock === 'NONE') return undefined;
  return 'it must say ALGORITHM=INSTANT, LOCK=DEFAULT or ALGORITHM=INPLACE, LOCK=NONE';
}

/** The statement without comments, texts and quoted names, in capitals and on one line. */
function bare(sql: string): string {
  return sql
    .replace(/'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`[^`]*`/g, "''")
    .replace(/\/\*[^]*?\*\/|(?:--\s|#).*$/gm, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .toUpperCase();
}

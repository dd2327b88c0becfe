import { whyNotOnline } from './online-ddl.js';

describe(whyNotOnline, () => {
  it.each([
    'CREATE TABLE IF NOT EXISTS t (id BIGINT PRIMARY KEY)',
    'DROP TABLE IF EXISTS t',
    'SELECT 1',
    'UPDATE t SET a = 1 WHERE id > 5 LIMIT 1000',
    'ALTER TABLE t ADD COLUMN a INT NULL, ALGORITHM=INSTANT, LOCK=DEFAULT',
    'alter table `t`\n  add key ix_a (a),\n  algorithm = inplace, lock = none',
    'ALTER TABLE t RENAME INDEX ix_a TO ix_b, ALGORITHM=INPLACE, LOCK=NONE',
    'CREATE UNIQUE INDEX uq_a ON t (a) ALGORITHM=INPLACE LOCK=NONE',
    'DROP INDEX ix_a ON t ALGORITHM=INPLACE LOCK=NONE',
  ])('lets pass %j', (sql) => {
    expect(whyNotOnline(sql)).toBeUndefined();
  });

  it.each([
    'ALTER TABLE t ADD COLUMN a INT NULL',
    'ALTER TABLE t ADD COLUMN a INT NULL, ALGORITHM=INSTANT',
    'ALTER TABLE t ADD KEY ix_a (a), ALGORITHM=INPLACE',
    'ALTER TABLE t ADD KEY ix_a (a), LOCK=NONE',
    'ALTER TABLE t ADD KEY ix_a (a), ALGORITHM=INPLACE, LOCK=SHARED',
    'ALTER TABLE t MODIFY a BIGINT, ALGORITHM=COPY, LOCK=SHARED',
    'ALTER TABLE t FORCE, ALGORITHM=DEFAULT, LOCK=DEFAULT',
    'CREATE INDEX ix_a ON t (a)',
    'CREATE FULLTEXT INDEX ft_a ON t (a)',
    'DROP INDEX ix_a ON t',
  ])('asks how it locks of %j', (sql) => {
    expect(whyNotOnline(sql)).toBe('it must say ALGORITHM=INSTANT, LOCK=DEFAULT or ALGORITHM=INPLACE, LOCK=NONE');
  });

  it.each([
    "ALTER TABLE t ADD COLUMN a INT COMMENT 'ALGORITHM=INPLACE, LOCK=NONE'",
    'ALTER TABLE t ADD COLUMN a INT /* ALGORITHM=INPLACE, LOCK=NONE */',
    'ALTER TABLE t ADD COLUMN a INT -- ALGORITHM=INPLACE, LOCK=NONE',
    'ALTER TABLE t ADD COLUMN `ALGORITHM=INPLACE, LOCK=NONE` INT',
    '/* first */ ALTER TABLE t ADD COLUMN a INT',
  ])('is not taken in by %j', (sql) => {
    expect(whyNotOnline(sql)).toBeDefined();
  });

  it.each([
    ['ALTER TABLE t RENAME COLUMN a TO b, ALGORITHM=INSTANT, LOCK=DEFAULT', /old name/],
    ['ALTER TABLE t RENAME TO s, ALGORITHM=INSTANT, LOCK=DEFAULT', /old name/],
    ['RENAME TABLE t TO s', /blocks/],
    ['TRUNCATE TABLE t', /blocks/],
    ['LOCK TABLES t WRITE', /blocks/],
    ['OPTIMIZE TABLE t', /blocks/],
  ])('refuses %j', (sql, why) => {
    expect(whyNotOnline(sql)).toMatch(why);
  });
});

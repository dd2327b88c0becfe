-- Only in the services of `npm test`: every test file has a schema of its own, sns_test_….
GRANT SELECT, INSERT, UPDATE, DELETE ON `sns\_test\_%`.* TO sns_app;

GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES, CREATE VIEW, SHOW VIEW, TRIGGER,
  CREATE ROUTINE, ALTER ROUTINE, EXECUTE, LOCK TABLES, CREATE TEMPORARY TABLES ON `sns\_test\_%`.* TO sns_migrator;

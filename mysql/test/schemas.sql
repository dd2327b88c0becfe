-- Only in the services of `npm test`: every test file has a schema of its own, sns_test_….
GRANT SELECT, INSERT, UPDATE, DELETE ON `sns\_test\_%`.* TO sns_app;

GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES ON `sns\_test\_%`.* TO sns_migrator;

GRANT SELECT, SHOW VIEW, TRIGGER ON `sns\_test\_%`.* TO sns_backup;

-- The SQL of this directory runs at every start of every server, before anybody can connect, so that a server whose data
-- are older gets what was added since. It must therefore do nothing where everything is there, and is not logged: each
-- server does it for itself, a read-only one too (99-end.sql makes it so again).
SET sql_log_bin = 0;
SET @super_read_only = @@GLOBAL.super_read_only;
SET GLOBAL super_read_only = OFF;

-- The SQL of this directory runs at every start of every server, so that a server whose data are older gets what was
-- added since. It must therefore do nothing where everything is there, and is not logged: each server does it for itself.
SET sql_log_bin = 0;

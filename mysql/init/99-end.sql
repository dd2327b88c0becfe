SET GLOBAL super_read_only = @super_read_only;

-- Gives a user's notes a mark, if they have none, by which it is seen that no note has been lost since.
-- KEYS[1] the user's notes; ARGV: field of the mark, mark, seconds to keep them
if redis.call('HSETNX', KEYS[1], ARGV[1], ARGV[2]) == 1 then redis.call('EXPIRE', KEYS[1], ARGV[3]) end
return 1

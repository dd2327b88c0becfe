-- Notes where the last write of a user on one instance is.
-- KEYS[1] the user's notes; ARGV: instance, GTIDs, seconds to keep them
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1

-- Keeps counts that were read from MySQL, unless there are some by now.
-- KEYS: counts    ARGV: likes, comments, milliseconds to live
if redis.call('HLEN', KEYS[1]) >= 2 then return 0 end
redis.call('HSET', KEYS[1], 'likes', ARGV[1], 'comments', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1

-- Replaces counts that are wrong, if they are still those that were looked at. Their time to live stays.
-- KEYS: counts    ARGV: likes and comments that were seen, likes and comments that are right
local seen = redis.call('HMGET', KEYS[1], 'likes', 'comments')
if seen[1] ~= ARGV[1] or seen[2] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 'likes', ARGV[3], 'comments', ARGV[4])
return 1

-- Changes the counts of a post, if they are there: who does not find them reads MySQL, which knows of this change.
-- KEYS: counts    ARGV: likes, comments
-- Returns the new counts, or nothing when there were none.
if redis.call('HLEN', KEYS[1]) < 2 then return false end
return {
  redis.call('HINCRBY', KEYS[1], 'likes', ARGV[1]),
  redis.call('HINCRBY', KEYS[1], 'comments', ARGV[2]),
}

-- Caches what a rebuild read. A writer takes the lease away, so a reader that was slow can't put an old state back.
-- KEYS: body, lease    ARGV: token, body, milliseconds to live
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
local body = redis.call('GET', KEYS[1])
-- What code wrote that knew no media counts as not cached: "version|{" is followed by the media.
if body and (not string.find(body, '^%d+|{') or string.find(body, '^%d+|{"media":')) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1

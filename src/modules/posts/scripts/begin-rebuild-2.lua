-- Asks who rebuilds a post that is not cached: one reader at a time over all instances.
-- KEYS: body, lease    ARGV: token, milliseconds the lease lasts
-- Returns the body if it is there by now, else 1 if the caller holds the lease, else 0.
local body = redis.call('GET', KEYS[1])
-- What code wrote that knew no media counts as not cached: "version|{" is followed by the media.
if body and (not string.find(body, '^%d+|{') or string.find(body, '^%d+|{"media":')) then return body end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
return 0

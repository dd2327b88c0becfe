-- Caches what a rebuild read. A writer takes the lease away, so a reader that was slow can't put an old state back.
-- KEYS: body, lease    ARGV: token, body, milliseconds to live
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[2])
if redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', ARGV[3]) then return 1 end
return 0

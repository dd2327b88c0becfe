-- Caches what a writer committed, unless something newer is there. Whoever is rebuilding loses the lease.
-- KEYS: body, lease    ARGV: version, body, milliseconds to live
redis.call('DEL', KEYS[2])
local current = redis.call('GET', KEYS[1])
if current then
  -- A body begins with its version; one that says "missing" has 0, one that says "deleted" is never overwritten.
  if current == 'deleted' then return 0 end
  local version = tonumber(string.match(current, '^(%d+)|') or '0')
  -- The same version without media was written by code that knew none.
  local whole = string.find(current, '^%d+|{"media":')
  if version > tonumber(ARGV[1]) or (version == tonumber(ARGV[1]) and whole) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1

-- Takes posts out of feeds of one bucket.
-- KEYS: feeds    ARGV: post ids
-- Returns how many entries went.
local removed = 0
for _, key in ipairs(KEYS) do
  for _, post_id in ipairs(ARGV) do
    removed = removed + redis.call('ZREMRANGEBYSCORE', key, post_id, post_id)
  end
end
return removed

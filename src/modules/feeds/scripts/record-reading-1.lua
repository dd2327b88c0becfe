-- What a reading leaves behind: shown entries are marked as viewed and live shorter, expired ones go, the feed counts
-- as read. Never adds an entry, and a second showing changes nothing.
-- KEYS: feed    ARGV: now in epoch seconds, life of a viewed entry in seconds, number of shown posts, their ids,
--               then the ids of posts that were met expired
local key, now, viewed_ttl, shown = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local s = read_sentinel(key)
if not s then return 0 end

for i = 4, #ARGV do
  local post_id = ARGV[i]
  local member = redis.call('ZRANGE', key, post_id, post_id, 'BYSCORE')[1]
  if member then
    local expires_at, viewed = string.match(member, ':(%d+):(%d)$')
    expires_at = tonumber(expires_at)
    if expires_at <= now then
      redis.call('ZREM', key, member)
    elseif i < 4 + shown and viewed == '0' then
      local until_then = math.min(expires_at, now + viewed_ttl)
      redis.call('ZREM', key, member)
      redis.call('ZADD', key, post_id, string.format('%s:%.0f:1', post_id, until_then))
    end
  end
end

if now > tonumber(s.last_read_at) then
  s.last_read_at = string.format('%.0f', now)
  write_sentinel(key, s)
end
return 1

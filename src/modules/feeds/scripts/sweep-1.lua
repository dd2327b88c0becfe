-- Takes expired entries out of one feed, or the whole feed when nobody has read it for long.
-- Looks at a few entries first, and at all only if enough of those had expired, as Redis' own expiry cycle does.
-- KEYS: feed    ARGV: now in epoch seconds, last reading from which on a feed is kept, entries of a sample
-- Returns how many entries went, and 1 if the whole feed went else 0.
local key, now, keep_from, sample = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])

local s = read_sentinel(key)
if not s then return { 0, 0 } end
if tonumber(s.last_read_at) < keep_from then
  redis.call('UNLINK', key)
  return { 0, 1 }
end

-- Without the sentinel, which has no life.
local function expired_among(members)
  local expired = {}
  for _, member in ipairs(members) do
    local expires_at = tonumber(string.match(member, '^[1-9]%d*:(%d+):'))
    if expires_at and expires_at <= now then expired[#expired + 1] = member end
  end
  return expired
end

-- The oldest, which expire first if nobody views them, and some at random, which may have been viewed.
local members = redis.call('ZRANGE', key, 1, sample)
local oldest = expired_among(members)
local random = expired_among(redis.call('ZRANDMEMBER', key, sample))
if #oldest * 4 < #members and #random * 4 < sample then
  if #oldest > 0 then redis.call('ZREM', key, unpack(oldest)) end
  return { #oldest, 0 }
end

local expired = expired_among(redis.call('ZRANGE', key, 1, -1))
for first = 1, #expired, 1000 do
  redis.call('ZREM', key, unpack(expired, first, math.min(first + 999, #expired)))
end
return { #expired, 0 }

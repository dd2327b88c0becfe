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

-- So that no call takes a millisecond, of the longest feeds either.
local most_scattered = 200

-- Not the sentinel, which has no life.
local function is_expired(member)
  local expires_at = tonumber(string.match(member, '^[1-9]%d*:(%d+):'))
  return expires_at and expires_at <= now
end
local function expired_among(members, from)
  local expired = {}
  for index = from, #members do
    if is_expired(members[index]) then expired[#expired + 1] = members[index] end
  end
  return expired
end

-- The oldest, which expire first if nobody views them, and some at random, which may have been viewed.
local members = redis.call('ZRANGE', key, 1, sample)
local oldest = expired_among(members, 1)
local random = expired_among(redis.call('ZRANDMEMBER', key, sample), 1)
if #oldest * 4 < #members and #random * 4 < sample then
  if #oldest > 0 then redis.call('ZREM', key, unpack(oldest)) end
  return { #oldest, 0 }
end

-- All that have expired in the order of their age go at once: one by one they would take most of a call's time.
members = redis.call('ZRANGE', key, 1, -1)
local first = 1
while first <= #members and is_expired(members[first]) do first = first + 1 end
if first > 1 then redis.call('ZREMRANGEBYRANK', key, 1, first - 1) end

-- Those between live ones cost a walk each. A feed has few, and one that has many has the rest taken out by the next call.
local others = expired_among(members, first)
local count = math.min(#others, most_scattered)
if count > 0 then redis.call('ZREM', key, unpack(others, 1, count)) end
return { first - 1 + count, 0 }

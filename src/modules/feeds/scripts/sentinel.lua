-- Shared by the scripts of feeds; put in front of each when it is loaded.
--
-- A feed is a sorted set: score = post id, member = postId:expiresAt:viewed. It exists only while it has its sentinel,
-- the one member with score 0: 0:<state>:<token>:<lastReadAt>:<floor>:<watermark>[:<pulled>]
--   state       b while the feed is being built from MySQL, r when it is ready
--   token       names this incarnation of the feed; a build that finds another one starts again
--   lastReadAt  epoch seconds of the last reading, for the removal of idle feeds
--   floor       highest post id that was trimmed; nothing at or below it enters again
--   watermark   how far the posts of large authors have been pulled
--   pulled      ids above the watermark that have been pulled besides, with dots between; left out when there are none

local function read_sentinel(key)
  local member = redis.call('ZRANGE', key, 0, 0)[1]
  if not member then return nil end
  local state, token, last_read_at, floor, watermark, pulled =
    string.match(member, '^0:(%a):(%w+):(%d+):(%d+):(%d+):?([%d.]*)$')
  if not state then return nil end
  return {
    member = member, state = state, token = token, last_read_at = last_read_at, floor = floor,
    watermark = watermark, pulled = pulled
  }
end

local function write_sentinel(key, s)
  local member = table.concat({ '0', s.state, s.token, s.last_read_at, s.floor, s.watermark }, ':')
  if s.pulled ~= '' then member = member .. ':' .. s.pulled end
  if member == s.member then return end
  -- Add before remove: a sorted set that is empty for a moment would be gone.
  redis.call('ZADD', key, 0, member)
  if s.member then redis.call('ZREM', key, s.member) end
  s.member = member
end

-- Cuts the oldest entries beyond the cap and remembers the highest id that was cut. Rank 0 is the sentinel.
local function trim(key, s, max_entries)
  local excess = redis.call('ZCARD', key) - 1 - max_entries
  if excess <= 0 then return end
  local highest = redis.call('ZRANGE', key, excess, excess, 'WITHSCORES')[2]
  redis.call('ZREMRANGEBYRANK', key, 1, excess)
  if tonumber(highest) > tonumber(s.floor) then
    s.floor = string.format('%.0f', tonumber(highest)) -- from Redis 7.2 on a round score comes as 1e+15
    write_sentinel(key, s)
  end
end

-- Adds an entry unless its post is there already, in whatever state, or lies at or below the floor.
local function add(key, floor, post_id, member)
  local id = tonumber(post_id)
  if id <= tonumber(floor) then return end
  -- Mostly it is the newest. The end of a listpack is found at once; ZCOUNT walks over it from its beginning.
  local newest = redis.call('ZRANGE', key, -1, -1)[1]
  if tonumber(string.match(newest, '^%d+')) < id or redis.call('ZCOUNT', key, post_id, post_id) == 0 then
    redis.call('ZADD', key, post_id, member)
  end
end

-- Remembers up to which post those of large authors have been pulled, and which others above it: the newest of them, so
-- that a sentinel stays short.
local MOST_PULLED = 100
local function note_pulled(key, s, watermark, ids)
  if tonumber(watermark) > tonumber(s.watermark) then s.watermark = watermark end
  local seen, above = {}, {}
  local function note(id)
    if tonumber(id) > tonumber(s.watermark) and not seen[id] then
      seen[id] = true
      above[#above + 1] = id
    end
  end
  for id in string.gmatch(s.pulled, '%d+') do note(id) end
  for _, id in ipairs(ids) do note(id) end
  table.sort(above, function(a, b) return tonumber(a) > tonumber(b) end)
  s.pulled = table.concat(above, '.', 1, math.min(#above, MOST_PULLED))
  write_sentinel(key, s)
end

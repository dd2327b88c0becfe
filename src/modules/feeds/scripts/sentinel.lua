-- Shared by the scripts of feeds; put in front of each when it is loaded.
--
-- A feed is a sorted set: score = post id, member = postId:expiresAt:viewed. It exists only while it has its sentinel,
-- the one member with score 0: 0:<state>:<token>:<lastReadAt>:<floor>:<watermark>
--   state       b while the feed is being built from MySQL, r when it is ready
--   token       names this incarnation of the feed; a build that finds another one starts again
--   lastReadAt  epoch seconds of the last reading, for the removal of idle feeds
--   floor       highest post id that was trimmed; nothing at or below it enters again
--   watermark   how far the posts of large authors have been pulled

local function read_sentinel(key)
  local member = redis.call('ZRANGE', key, 0, 0)[1]
  if not member then return nil end
  local state, token, last_read_at, floor, watermark = string.match(member, '^0:(%a):(%w+):(%d+):(%d+):(%d+)$')
  if not state then return nil end
  return { member = member, state = state, token = token, last_read_at = last_read_at, floor = floor, watermark = watermark }
end

local function write_sentinel(key, s)
  local member = table.concat({ '0', s.state, s.token, s.last_read_at, s.floor, s.watermark }, ':')
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
local function add(key, s, post_id, member)
  if tonumber(post_id) <= tonumber(s.floor) then return end
  if redis.call('ZCOUNT', key, post_id, post_id) == 0 then redis.call('ZADD', key, post_id, member) end
end

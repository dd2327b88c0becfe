-- Puts one post into many feeds of one bucket; feeds that do not exist stay away.
-- KEYS: feeds    ARGV: post id, member, most entries a feed may hold, epoch seconds before which a feed was last read
-- Returns how many of the feeds exist and were not read since.
--
-- The hottest script of all, so it reads of a sentinel what it needs, and the rest only for a feed that is full.
local post_id, member, max_entries, read_before = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local reached = 0
for _, key in ipairs(KEYS) do
  local sentinel = redis.call('ZRANGE', key, 0, 0)[1]
  local last_read_at, floor = string.match(sentinel or '', '^0:%a:%w+:(%d+):(%d+)')
  if floor and tonumber(last_read_at) < read_before then
    reached = reached + 1
    add(key, floor, post_id, member)
    if redis.call('ZCARD', key) - 1 > max_entries then trim(key, read_sentinel(key), max_entries) end
  end
end
return reached

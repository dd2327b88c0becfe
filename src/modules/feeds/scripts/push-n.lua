-- Puts one post into many feeds of one bucket; feeds that do not exist stay away.
-- KEYS: feeds    ARGV: post id, member, most entries a feed may hold, epoch seconds before which a feed was last read
-- Returns how many of the feeds exist and were not read since.
local post_id, member, max_entries, read_before = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local reached = 0
for _, key in ipairs(KEYS) do
  local s = read_sentinel(key)
  if s and tonumber(s.last_read_at) < read_before then
    reached = reached + 1
    add(key, s, post_id, member)
    trim(key, s, max_entries)
  end
end
return reached

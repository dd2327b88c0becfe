-- Puts many posts into one feed, if it exists.
-- KEYS: feed    ARGV: most entries a feed may hold, epoch seconds before which it was last read, then post id and member
--               in turn
-- Returns 1 if the feed exists and was not read since.
local key, max_entries, read_before = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local s = read_sentinel(key)
if not s or tonumber(s.last_read_at) >= read_before then return 0 end
for i = 3, #ARGV, 2 do add(key, s.floor, ARGV[i], ARGV[i + 1]) end
trim(key, s, max_entries)
return 1

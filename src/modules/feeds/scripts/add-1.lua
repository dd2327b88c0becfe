-- Puts many posts into one feed, if it exists.
-- KEYS: feed    ARGV: most entries a feed may hold, then post id and member in turn
-- Returns 1 if the feed exists.
local key, max_entries = KEYS[1], tonumber(ARGV[1])
local s = read_sentinel(key)
if not s then return 0 end
for i = 2, #ARGV, 2 do add(key, s, ARGV[i], ARGV[i + 1]) end
trim(key, s, max_entries)
return 1

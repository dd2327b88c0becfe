-- Puts posts of large authors into a feed and remembers how far they have been pulled, in one step.
-- KEYS: feed    ARGV: watermark, most entries a feed may hold, then post id and member in turn
-- Returns 1 if the feed exists.
local key, watermark, max_entries = KEYS[1], ARGV[1], tonumber(ARGV[2])
local s = read_sentinel(key)
if not s then return 0 end
local ids = {}
for i = 3, #ARGV, 2 do
  add(key, s.floor, ARGV[i], ARGV[i + 1])
  ids[#ids + 1] = ARGV[i]
end
note_pulled(key, s, watermark, ids)
trim(key, s, max_entries)
return 1

-- Takes members out of a feed and puts posts in, if it is ready and still the incarnation that was looked at. What has
-- changed since the look stays: a member goes only as it was seen, a post comes only if it is not there.
-- KEYS: feed    ARGV: token, most entries a feed may hold, number of members to take out, those, then post id and member in turn
-- Returns how many entries went and how many came.
local key, token, max_entries, leaving = KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local s = read_sentinel(key)
if not s or s.state ~= 'r' or s.token ~= token then return { 0, 0 } end
local size = redis.call('ZCARD', key)
for i = 4, 3 + leaving do redis.call('ZREM', key, ARGV[i]) end
local left = redis.call('ZCARD', key)
for i = 4 + leaving, #ARGV, 2 do add(key, s.floor, ARGV[i], ARGV[i + 1]) end
local came = redis.call('ZCARD', key) - left
local excess = math.max(0, left - 1 - max_entries)
trim(key, s, max_entries)
return { size - left + excess, came }

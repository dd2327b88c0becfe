-- Declares a feed ready, if it is still the incarnation that was built.
-- KEYS: feed    ARGV: token, highest post id that the build left out or 0, up to which post it had all of large authors,
--               then the ids that it had above that
-- Returns 1 if it is ready now.
local key, token, left_out, watermark = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local s = read_sentinel(key)
if not s or s.token ~= token then return 0 end
s.state = 'r'
if tonumber(left_out) > tonumber(s.floor) then
  s.floor = left_out
  -- What came in during the build and is older than what was left out: the tail would begin below it and skip that.
  redis.call('ZREMRANGEBYSCORE', key, 1, left_out)
end
note_pulled(key, s, watermark, { unpack(ARGV, 4) })
return 1

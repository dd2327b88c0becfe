-- Brings a feed into being, in state b, or joins the build that is under way.
-- KEYS: feed    ARGV: token of the new incarnation, now in epoch seconds
-- Returns the state and the token that the feed has now.
local key = KEYS[1]
local s = read_sentinel(key)
if not s then
  s = { state = 'b', token = ARGV[1], last_read_at = ARGV[2], floor = '0', watermark = '0', pulled = '' }
  write_sentinel(key, s)
end
return { s.state, s.token }

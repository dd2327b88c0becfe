-- Reads the newest live entries below a post id. Writes nothing, so it may run on a replica.
-- KEYS: feed    ARGV: now in epoch seconds, exclusive upper post id or +inf, entries wanted
-- Returns state, watermark, ids pulled above it, number of live entries, the live members newest first, then the expired members met.
-- The state is a (absent) when there is no feed.
local key, now, wanted = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[3])
local s = read_sentinel(key)
if not s then return { 'a', '0', '', 0 } end

local live, expired, offset = {}, {}, 0
local upper = ARGV[2] == '+inf' and '+inf' or '(' .. ARGV[2]
while #live < wanted do
  local members = redis.call('ZRANGE', key, upper, '(0', 'BYSCORE', 'REV', 'LIMIT', offset, wanted)
  for _, member in ipairs(members) do
    local expires_at = tonumber(string.match(member, ':(%d+):'))
    if expires_at <= now then
      expired[#expired + 1] = member
    elseif #live < wanted then
      live[#live + 1] = member
    end
  end
  if #members < wanted then break end
  offset = offset + wanted
end

local answer = { s.state, s.watermark, s.pulled, #live }
for _, member in ipairs(live) do answer[#answer + 1] = member end
for _, member in ipairs(expired) do answer[#answer + 1] = member end
return answer

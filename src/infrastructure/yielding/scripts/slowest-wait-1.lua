-- The longest wait that an instance noted lately; false when none did. Forgets instances that are silent.
-- KEYS: waits    ARGV: ms that a note holds
local time = redis.call('TIME')
local from = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[1])
local all = redis.call('HGETALL', KEYS[1])
local slowest = false
for i = 1, #all, 2 do
  local at, wait = string.match(all[i + 1], '^(%d+):(.+)$')
  if tonumber(at) < from then redis.call('HDEL', KEYS[1], all[i])
  elseif not slowest or tonumber(wait) > tonumber(slowest) then slowest = wait end
end
return slowest

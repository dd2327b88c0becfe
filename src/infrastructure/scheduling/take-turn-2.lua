-- Takes or keeps the turn at a job that one process does at a time.
-- KEYS: lease, state    ARGV: token of the process, milliseconds the turn lasts
-- Returns what the job left behind, or nil when it is somebody else's turn.
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return nil end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return redis.call('GET', KEYS[2]) or ''

-- Notes what requests of an instance wait for Redis.
-- KEYS: waits (hash: instance -> time in ms:wait in ms)    ARGV: instance, wait in ms, ms that all of it lives
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now) .. ':' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])

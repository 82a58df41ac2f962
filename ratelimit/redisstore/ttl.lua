-- Takes from several token buckets at once, or from none, where each rate gives
-- a unit back in whole milliseconds. The debt of a bucket is the time that its
-- key has to live, so a dead key is a full bucket.
--
-- KEYS     one bucket each; the value is the most that its debt can be, in ms
-- ARGV[3i-2], ARGV[3i-1], ARGV[3i]  for KEYS[i]: the charge (negative: a refund,
--          0: a look) and the time from empty to full, both in ms; 1 if the
--          charge is forced: made, whether it fits or not
-- returns  1 if all charges fit, else 0; then the debt of each bucket in µs, as
--          instant.lua does, after the charge if it was made

local longest = 31622400000 -- 366 days: the most that a bucket can owe

local function explained(key, debt)
	-- The rate of now does not explain so large a debt. It was forced, or made at
	-- another rate, which may not have been one of whole milliseconds, or
	-- somebody else wrote the key, which counts as full then.
	local value = redis.pcall('GET', key)
	if type(value) ~= 'string' or #value > 33 then
		return 0
	end
	local most = tonumber(value:match('^[1-9]%d*$'))
	if not most then
		local micros = tonumber(value:match('^%d+ ([1-9]%d*)$'))
		most = micros and math.ceil(micros / 1000)
	end
	if not most or most > longest then
		return 0
	end
	if debt > most then
		-- No bucket was ever so empty: the clock has gone back, perhaps by a
		-- failover. Written at once, or nobody would get in until it is forward.
		debt = most
		redis.call('PEXPIRE', key, debt)
	end
	return debt
end

local reply = {1}
for i, key in ipairs(KEYS) do
	local charge, fill = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
	local debt = redis.call('PTTL', key)
	if debt < 0 then
		debt = 0 -- no key, or one of somebody else, who lets it live for ever
	elseif debt > fill then
		debt = explained(key, debt)
	end
	if charge > 0 and debt + charge > fill and ARGV[3 * i] == '0' then
		reply[1] = 0
	end
	reply[i + 1] = debt * 1000
end
if reply[1] == 0 then
	return reply
end

for i, key in ipairs(KEYS) do
	local charge, fill = tonumber(ARGV[3 * i - 2]), tonumber(ARGV[3 * i - 1])
	if charge ~= 0 then
		local debt = math.min(math.max(reply[i + 1] / 1000 + charge, 0), longest)
		reply[i + 1] = debt * 1000
		if debt == 0 then
			redis.call('DEL', key)
		else
			redis.call('SET', key, math.max(debt, fill), 'PX', debt)
		end
	end
end
return reply

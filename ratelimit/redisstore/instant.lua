-- Takes from several token buckets at once, or from none, whatever their rates:
-- ttl.lua does the same in half the calls, where milliseconds are exact.
--
-- KEYS     one bucket each, as two numbers: the instant at which it is full, in
--          µs since 1970, and the most that its debt can be since it was written
-- ARGV[1]  0, or the time that a test says it is
-- ARGV[3i-1], ARGV[3i], ARGV[3i+1]  for KEYS[i]: the charge (negative: a refund,
--          0: a look) and the time from empty to full, both in µs; 1 if the
--          charge is forced: made, whether it fits or not
-- returns  1 if all charges fit, else 0; then the debt of each bucket in µs,
--          after the charge if it was made

local longest = 31622400000000 -- 366 days: the most that a bucket can owe

local now, grace = tonumber(ARGV[1]), 86400000 -- a test's clock expires nothing
if now == 0 then
	local time = redis.call('TIME')
	now, grace = time[1] * 1000000 + time[2], 0
end

local function write(key, debt, most)
	-- %.0f, because Lua may write large numbers with an exponent.
	redis.call('SET', key, string.format('%.0f %.0f', now + debt, most), 'PX', math.ceil(debt / 1000) + grace)
end

local function read(key)
	-- What neither script wrote counts as full: a missing key, another type (an
	-- error, which is a table), other text. 16 digits last to 2286.
	local value = redis.pcall('GET', key)
	if type(value) ~= 'string' or #value > 33 then
		return 0
	end
	local debt
	local full, most = value:match('^(%d+) ([1-9]%d*)$')
	if full then
		debt, most = full - now, tonumber(most)
	else
		most = (tonumber(value:match('^[1-9]%d*$')) or 0) * 1000
		debt = most > 0 and redis.call('PTTL', key) * 1000 or 0
	end
	if most > longest then
		return 0
	end
	if debt > most then
		-- No bucket was ever so empty: the clock has gone back, perhaps by a
		-- failover. Written at once, or nobody would get in until it is forward.
		debt = most
		write(key, debt, debt)
	end
	return math.max(debt, 0)
end

local reply = {1}
for i, key in ipairs(KEYS) do
	local charge, fill = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
	local debt = read(key) -- may be more than fill: forced, or by another rate
	if charge > 0 and debt + charge > fill and ARGV[3 * i + 1] == '0' then
		reply[1] = 0
	end
	reply[i + 1] = debt
end
if reply[1] == 0 then
	return reply
end

for i, key in ipairs(KEYS) do
	local charge, fill = tonumber(ARGV[3 * i - 1]), tonumber(ARGV[3 * i])
	if charge ~= 0 then
		local debt = math.min(math.max(reply[i + 1] + charge, 0), longest)
		reply[i + 1] = debt
		if debt == 0 then
			redis.call('DEL', key)
		else
			write(key, debt, math.max(debt, fill))
		end
	end
end
return reply

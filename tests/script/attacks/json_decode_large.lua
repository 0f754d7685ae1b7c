-- expect: memory|done
-- More than fits comes as a memory limit, not as a leak.
local text = "[" .. ("[],"):rep(3000000) .. "1]"
local v = json.decode(text)
assert(v)

-- expect: done
local v, message = json.decode(("["):rep(100000))
assert(v == nil and message:find("deep"), message)

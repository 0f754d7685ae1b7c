-- expect: done
-- A marked list is an ordinary table otherwise.
local t = json.list {}
t[1] = 2
assert(#t == 1 and json.encode(t) == "[2]" and json.encode(json.list {}) == "[]")
assert(not pcall(json.list, string) and not pcall(json.list, 1))
assert(json.encode(json.decode "[]") == "[]" and json.encode(json.decode "{}") == "{}")

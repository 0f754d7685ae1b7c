-- expect: error contains itself
local t = {}
t.a = { t }
json.encode(t)

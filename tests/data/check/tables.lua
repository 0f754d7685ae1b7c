-- Storing what cannot be called, or under numbers, hides no method.
local seen, list = {}, {}
for _, p in ipairs(input.csv "leavers") do
  seen[p.name] = true
  list[#list + 1] = p.name
  list[1] = p
end
for i = 1, 10 do list[i] = seen[i] end
local function f(x) x:wheer() end
f(seen)
-- expect 9: unknown method "wheer"; did you mean "where"?

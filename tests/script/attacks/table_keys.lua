-- expect: memory|budget
-- String keys without end.
local t = {}
for i = 1, math.maxinteger do
  t["k" .. i] = i
end

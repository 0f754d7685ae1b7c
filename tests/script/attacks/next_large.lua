-- expect: budget
-- next looks at all keys each time.
local t = {}
for i = 1, 50000 do
  t["k" .. i] = i
end
local k
while true do
  k = next(t, k)
end

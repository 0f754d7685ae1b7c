-- expect: done
-- Changing the table that is walked is safe.
local t = {}
for i = 1, 1000 do
  t["k" .. i] = i
end
local n = 0
for k in pairs(t) do
  n = n + 1
  t[k] = nil
  t["new" .. n] = n
end
assert(n == 1000)
for i in pairs { 1, 2, 3 } do
  assert(i <= 3)
end

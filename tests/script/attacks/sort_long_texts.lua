-- expect: budget
-- Comparing equal texts of megabytes n log n times.
local t = {}
local s = ("\0"):rep(3000000)
for i = 1, 4000 do
  t[i] = s
end
table.sort(t)

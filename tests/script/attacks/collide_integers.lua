-- expect: budget
-- Half a million number keys with one hash: one instruction puts all of them into a new table part, for minutes.
local k = 17
local stride = ((1 << k) - 1) * 2
local from = (1 << 62) // stride * stride
local t = {}
for i = 1, 1 << k do
  t[from + i * stride] = true
end
while true do end

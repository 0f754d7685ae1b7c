-- expect: budget
-- A chain of keys that collide, walked.
local k = 15
local stride = (1 << k) - 1
local t = {}
for i = 1, (1 << k - 1) - 1 do
  t["s" .. i] = 1
end
for i = 1, 20000 do
  t[i * stride] = i
end
while true do
  for _ in pairs(t) do end
end

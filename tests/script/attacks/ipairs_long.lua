-- expect: budget
local t = {}
for i = 1, 100000 do
  t[i] = i
end
while true do
  for _ in ipairs(t) do end
end

-- expect: budget|memory
-- Many elements.
local t = {}
for i = 1, 400000 do
  t[i] = i * 7919 % 400009
end
while true do
  table.sort(t)
end

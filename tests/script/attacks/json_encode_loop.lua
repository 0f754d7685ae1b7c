-- expect: budget|memory
local t = {}
for i = 1, 20000 do
  t["k" .. i] = i
end
while true do
  json.encode(t)
end

-- expect: budget|memory
-- Keys that collide at every size.
for k = 14, 20 do
  local stride = (1 << k) - 1
  local t = {}
  for i = 1, (1 << k - 1) + 1 do
    t[i * stride] = true
  end
end
while true do end

-- expect: memory
local t = {}
for i = -1, math.mininteger, -1 do
  t[i] = true
end

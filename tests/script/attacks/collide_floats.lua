-- expect: budget|memory
-- The same with floats, whose hash is of the mantissa.
local t = {}
for e = -1000, 1000 do
  for m = 1, 100 do
    t[(1 + m / 128) * 2.0 ^ e] = true
  end
end
while true do end

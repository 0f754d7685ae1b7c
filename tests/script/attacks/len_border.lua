-- expect: done
-- The border of a table with holes is found in logarithmic time.
local t = {}
for i = 1, 62 do
  t[1 << i] = i
end
assert(#t >= 0)

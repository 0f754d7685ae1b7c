-- expect: done
-- Counting past the largest integer ends.
local n = 0
for _ = math.maxinteger - 2, math.maxinteger do
  n = n + 1
end
assert(n == 3)

-- expect: done
-- Number keys that are only sparse are nothing special.
local t, n = {}, 0
for i = 1, 150000 do
  t[i * 7919 % 10000019] = i
end
for _ in pairs(t) do
  n = n + 1
end
assert(n == 150000)

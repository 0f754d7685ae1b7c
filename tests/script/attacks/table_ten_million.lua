-- expect: memory
-- A table of ten million entries.
local t = {}
for i = 1, 10000000 do
  t[i] = i
end

-- expect: error larger than 16 MiB|budget|memory
-- A value that doubles at each level.
local t = "x"
for _ = 1, 60 do
  t = { t, t }
end
json.encode(t)

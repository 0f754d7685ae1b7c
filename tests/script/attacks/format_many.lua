-- expect: budget|memory
-- Many long results.
local f = ("%99.99f"):rep(100)
local t = {}
for i = 1, 100 do
  t[i] = 1e308
end
while true do
  local _ = f:format(table.unpack(t))
end

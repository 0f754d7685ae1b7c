-- expect: budget|memory|error too many results to unpack
-- A million values on the stack, again and again.
local function count(...)
  return select("#", ...)
end
while true do
  count(table.unpack({}, 1, 300000))
end

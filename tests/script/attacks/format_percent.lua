-- expect: budget|memory
-- A long format.
local f = ("%%"):rep(4000000)
while true do
  local _ = f:format()
end

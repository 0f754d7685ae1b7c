-- expect: budget|error string slice too long
-- A million results of one call.
local s = ("x"):rep(900000)
while true do
  select("#", s:byte(1, -1))
end

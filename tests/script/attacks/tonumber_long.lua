-- expect: budget
local s = ("9"):rep(12000000)
while true do
  tonumber(s)
  tonumber(s, 36)
end

-- expect: budget
local s = "abc"
while true do
  s:upper():lower():reverse():rep(3):sub(1, 3):byte()
end

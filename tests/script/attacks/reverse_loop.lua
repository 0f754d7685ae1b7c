-- expect: budget
local s = ("x"):rep(10000000)
while true do
  s:lower():reverse()
end

-- expect: budget
local s = ("x"):rep(16000000)
while true do
  local _ = s:sub(2)
end

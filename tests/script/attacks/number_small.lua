-- expect: budget
local s = "0." .. ("0"):rep(4000000) .. ("7"):rep(4000000) .. "e4000000"
local n = 0
while true do
  n = n + s
end

-- expect: budget
-- Each concatenation copies 10 MB: a thousand instructions would take seconds.
local s = ("x"):rep(10000000)
while true do
  local _ = s .. "y"
end

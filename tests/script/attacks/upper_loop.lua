-- expect: budget
-- Thirty megabytes an instruction.
local s = ("x"):rep(10000000)
while true do
  s:upper()
end

-- expect: budget
-- Equality of long texts is one instruction.
local a, b = ("x"):rep(15000000) .. "a", ("x"):rep(15000000) .. "a"
local n = 0
while true do
  if a == b then
    n = n + 1
  end
end

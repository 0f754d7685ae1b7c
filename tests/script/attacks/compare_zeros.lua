-- expect: budget
-- strcoll goes from one NUL to the next: 20 ns a byte, in one instruction.
local a = ("\0"):rep(16000000)
local b = a .. "x"
local n = 0
while true do
  if a < b then
    n = n + 1
  end
end

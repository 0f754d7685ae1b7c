-- expect: budget
-- Arithmetic reads a text of megabytes as a number.
local s = ("1"):rep(12000000)
local n = 0
while true do
  n = n + (s + 0)
end

-- expect: budget
-- Texts of millions of digits as numbers.
local s = "0." .. ("1"):rep(4000000)
local h = "0x" .. ("f"):rep(4000000)
local n = 0
while true do
  n = n + s * 2
  n = n + tonumber(h)
end

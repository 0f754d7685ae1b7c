-- expect: budget
-- math functions read texts as numbers.
local s = ("1"):rep(12000000)
while true do
  math.floor(s)
end

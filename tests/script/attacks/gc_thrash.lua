-- expect: budget|memory
-- Just under the limit every allocation collects everything.
local keep = {}
for i = 1, 550000 do
  keep[i] = { i }
end
while true do
  local s = ("x"):rep(100000)
  keep[1] = s .. s
end

-- expect: budget
-- One lazy quantifier, not anchored, on 200 KB, for as long as it lasts.
local s = ("a"):rep(200000)
while true do
  s:find(".-b")
end

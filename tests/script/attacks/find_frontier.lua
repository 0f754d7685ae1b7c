-- expect: budget
-- %f with repetition.
local s = ("a "):rep(500000)
while true do
  s:find("%f[%a].-%f[%d]")
end

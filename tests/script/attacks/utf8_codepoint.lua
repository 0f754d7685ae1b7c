-- expect: budget|error string slice too long|error stack
local s = ("x"):rep(900000)
while true do
  select("#", utf8.codepoint(s, 1, -1))
end

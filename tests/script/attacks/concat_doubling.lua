-- expect: memory
-- Doubling a text reaches any limit within few instructions.
local s = "x"
while true do
  s = s .. s
end

-- expect: budget|memory
-- A long text is hashed once as a whole when it is a key.
local t, s = {}, ("x"):rep(5000000)
local i = 0
while true do
  i = i + 1
  t[s .. i % 3] = nil
  local _ = t[s .. i]
end

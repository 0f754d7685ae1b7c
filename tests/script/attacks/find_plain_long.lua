-- expect: budget
-- A plain search for a long text that is never there.
local s, p = ("a"):rep(4000000), ("a"):rep(2000000) .. "b"
while true do
  s:find(p, 1, true)
end

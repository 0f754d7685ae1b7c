-- expect: budget
-- The same behind pcall.
local s = ("x"):rep(8000000)
local function f()
  while true do
    local _ = s .. "y"
  end
end
while true do
  pcall(f)
end

-- expect: memory|budget
-- Endless recursion, caught, again and again.
local function f()
  return 1 + f()
end
while true do
  pcall(f)
end

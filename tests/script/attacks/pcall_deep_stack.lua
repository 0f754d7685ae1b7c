-- expect: memory|budget
-- Errors caught at the bottom of a deep stack, each of which walks it.
local function f(n)
  if n == 0 then
    while true do
      pcall(error)
    end
  end
  return 1 + f(n - 1)
end
f(150000)

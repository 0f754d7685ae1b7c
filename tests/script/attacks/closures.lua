-- expect: memory
-- Closures and their upvalues.
local all = {}
while true do
  local a, b, c = 1, 2, 3
  all[#all + 1] = function()
    a, b, c = b, c, a
  end
end

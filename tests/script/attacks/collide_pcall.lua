-- expect: budget
-- What ends a script for colliding keys is not caught.
local stride = ((1 << 17) - 1) * 2
while true do
  pcall(function()
    local t = {}
    for i = 1, 1 << 17 do
      t[i * stride] = true
    end
  end)
end

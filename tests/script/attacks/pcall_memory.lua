-- expect: memory
-- Out of memory must not be catchable: each lap is few instructions and much collecting.
while true do
  pcall(function()
    local s = "x"
    while true do
      s = s .. s
    end
  end)
end

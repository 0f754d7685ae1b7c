-- expect: budget
-- pcall must not catch what the hook raises.
while true do
  pcall(function()
    while true do end
  end)
end

-- expect: budget
-- A callback that never returns, in C.
("x"):gsub(".", function()
  while true do end
end)

-- expect: budget
-- A comparator that never returns, in C.
table.sort({ 1, 2, 3 }, function()
  while true do end
end)

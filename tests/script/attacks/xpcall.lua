-- expect: error "xpcall" is not available
-- A message handler runs with the hook off, so there is no xpcall.
xpcall(error, function()
  while true do end
end)

-- expect: error invalid replacement value (a table)
("x"):gsub(".", function()
  return {}
end)

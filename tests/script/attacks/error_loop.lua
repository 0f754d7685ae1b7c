-- expect: budget
while true do
  pcall(error, { 1, 2, 3 })
end

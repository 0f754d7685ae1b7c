-- expect: budget
while true do
  pcall(assert, false, "no")
end

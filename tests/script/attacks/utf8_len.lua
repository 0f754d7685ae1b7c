-- expect: budget
local s = ("\u{20AC}"):rep(3000000)
while true do
  utf8.len(s)
end

-- expect: budget
-- Counting characters from an end each time.
local s = ("\u{20AC}"):rep(2000000)
while true do
  utf8.offset(s, 2000000)
  utf8.offset(s, -1999999)
end

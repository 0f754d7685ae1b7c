-- What comes from several sides is known for nothing.
local people, x = input.csv "leavers", var("x", nil)
local a = x and target "meeting" or target "desktops"
a:lock(people)
local b = x or target "meeting"
b:lock(people);
(x and target "meeting" or target "desktops"):lock(people)
local c = not x and people
note(c)
local d = x and people or "text"
note(d:upper())
local i = 0
::top::
i = i + 1
local e = target "desktops"
e:lock(people)
if i < 3 then goto top end
while i < 6 do
  i = i + 1
  local f = i == 4 and target "desktops" or people
  if f == people then goto continue end
  f:lock(people)
  ::continue::
end
repeat
  local g = target "desktops"
  g:lock(people)
  i = i + 1
until i > 9 or g == nil
local h = target "desktops"
while i < 12 do i = i + 1 h:lock(people) end
for j = 1, 3 do local k = j > 1 and people or { lock = 1 } note(k.lock) end

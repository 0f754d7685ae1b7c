-- A local keeps what it is through loops and branches as long as nothing assigns it.
local people = input.csv "leavers"
local h = target "desktops"
local i = 0
while i < 12 do
  i = i + 1
  if i > 3 then h:lokc(people) end
end
repeat h:lokc(people) until true
::top::
h:lokc(people)
if i < 0 then goto top end
-- expect+ 7: alibaba-eds has no action "lokc"; did you mean "lock"?
-- expect- 7: no provider has an action "lokc"; did you mean "lock"?
-- expect+ 9: alibaba-eds has no action "lokc"; did you mean "lock"?
-- expect- 9: no provider has an action "lokc"; did you mean "lock"?
-- expect+ 11: alibaba-eds has no action "lokc"; did you mean "lock"?
-- expect- 11: no provider has an action "lokc"; did you mean "lock"?

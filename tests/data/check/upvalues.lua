local desktops = target "desktops"
local people = input.csv "leavers"
local function lock()
  return function()
    return desktops:lokc(people:onyl(people))
  end
end
for _, p in ipairs(people) do
  desktops:lock(p)
  local again = function() return desktops:unlokc(p) end
  again()
end
lock()
-- expect 5: a roster has no method "onyl"; did you mean "only"?
-- expect+ 5: alibaba-eds has no action "lokc"; did you mean "lock"?
-- expect- 5: no provider has an action "lokc"; did you mean "lock"?
-- expect+ 10: alibaba-eds has no action "unlokc"; did you mean "unlock"?
-- expect- 10: no provider has an action "unlokc"; did you mean "unlock"?

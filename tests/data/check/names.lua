local people = input.csv "leavers"
note(targt)
local a = peple
local function inner()
  local column = "team"
  return function()
    return people, colunm, tody()
  end
end
note(foo.bar, inner, a)
note(a_name_that_is_far_longer_than_anything_that_there_is, a)
-- expect 2: unknown name "targt"; did you mean "target"?
-- expect 3: unknown name "peple"; did you mean "people"?
-- expect 7: unknown name "colunm"; did you mean "column"?
-- expect 7: unknown name "tody"; did you mean "today"?
-- expect 10: unknown name "foo"
-- expect 11: unknown name "a_name_that_is_far_longer_than_anything_that_there_is"

local people = input.csv "leavers"
local sorted = people:sort "name":first(3):rest(1):sample(0.5):minus(people):only(people)
note(#sorted, sorted[1].name, sorted:colum "x", people:empty(), people:has "x")
for p in people:each() do note(p.name:upper(), p:row().x) end
for team, members in pairs(people:group "team") do note(team, members:colums()) end
note(people.where, people.whree)
people:disable()
-- expect 3: a roster has no method "colum"; did you mean "column"?
-- expect 5: unknown method "colums"; did you mean "column"?
-- expect 6: a roster has no method "whree"; did you mean "where"?
-- expect 7: a roster has no method "disable"

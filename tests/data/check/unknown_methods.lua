local function go(cloud, people, text, outcome)
  cloud:lock(people:where { team = "x" })
  cloud:lokc(people)
  people:groop "team"
  text:uppper()
  outcome:reason(people[1])
  outcome:undo "no"
  people[1]:row()
end
go(target(var "cloud"), var "people", var "text", var "outcome")
-- expect 3: unknown method "lokc"; did you mean "lock"?
-- expect 4: unknown method "groop"; did you mean "group"?
-- expect 5: unknown method "uppper"; did you mean "upper"?

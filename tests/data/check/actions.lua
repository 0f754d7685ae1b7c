local meeting, desktops, studio = target "meeting", target "desktops", target "studio"
local people = input.csv "leavers"
meeting:disabel(people)
meeting:disable(people, { id = "account" })
desktops:disable(people)
studio:roles()
studio:rolls()
target "meeting":lock(people)
local all = meeting:list()
all:wheer { state = "active" }
note(meeting.name, meeting.nmae, desktops:lookup { "a" })
local lock = desktops.lokc
local how = meeting:disable(people)
note(how.succeded, how.failed:union(how.unknown), how.total, how:reason(people[1]), lock)
meeting:request { method = "GET", path = "/x" }
-- expect+ 3: huawei-meeting has no action "disabel"; did you mean "disable"?
-- expect- 3: no provider has an action "disabel"; did you mean "disable"?
-- expect+ 5: alibaba-eds has no action "disable"; it has: lock, remove, unlock, list, lookup, request
-- expect+ 7: huawei-dataarts has no action "rolls"; did you mean "roles"?
-- expect- 7: no provider has an action "rolls"; did you mean "roles"?
-- expect+ 8: huawei-meeting has no action "lock"; it has: delete, disable, enable, list, lookup, request
-- expect 10: a roster has no method "wheer"; did you mean "where"?
-- expect+ 11: huawei-meeting has no action "nmae"; did you mean "name"?
-- expect- 11: no provider has an action "nmae"; did you mean "name"?
-- expect+ 12: alibaba-eds has no action "lokc"; did you mean "lock"?
-- expect- 12: no provider has an action "lokc"; did you mean "lock"?
-- expect+ 14: an outcome has no "succeded"; did you mean "succeeded"?

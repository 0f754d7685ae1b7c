local a = input.cvs "leavers"
local b = input.json "leavers"
local c = input.lines "leavers"
local i = input
local d = i.line "leavers"
local s = string
note(s.fromat("%s", a), table.concat({}), math.huge, utf8.charpattern, b, c, d)
note(input["cvs"], input[var "x"])
-- expect 1: unknown name "input.cvs"; did you mean "input.csv"?
-- expect 5: unknown name "input.line"; did you mean "input.lines"?
-- expect 7: unknown name "string.fromat"; did you mean "string.format"?
-- expect 8: unknown name "input.cvs"; did you mean "input.csv"?

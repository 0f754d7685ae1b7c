-- expect: budget
-- A capture compared with itself at each place.
local s = ("a"):rep(400000)
return s:find("(.-)%1%1%1b")

-- expect: budget
-- A set of megabytes is read for each byte.
local s, p = ("a"):rep(1000000), "[" .. ("b"):rep(1000000) .. "]"
return s:find(p)

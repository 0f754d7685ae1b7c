-- expect: done
assert(tostring(-(0 / 0)):find "nan" and tostring(0 / 0):find "nan")
assert(tostring(1 / 0) == "inf" and tostring(-1 / 0) == "-inf")
local t = {}
assert(not pcall(function() t[0 / 0] = 1 end))
assert(math.mininteger // -1 == math.mininteger and math.mininteger % -1 == 0)
assert(not pcall(function() return 1 // 0 end) and not pcall(function() return 1 % 0 end))

local say = note
local function replace() _ENV = { } end
replace()
say(anything)

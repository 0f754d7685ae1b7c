-- Locals may be called like anything.
local function target(name) return { frobnicate = function() return name end } end
local t = target "nowhere"
t:frobnicate()
local input = { cvs = function() end }
input.cvs()
local string = { fromat = 1 }
note(string.fromat)
for today = 1, 3 do note(today) end
for _, note in ipairs { 1 } do assert(note) end
local function f(together, ...) return together.anything, ... end
f({})
local wait = 3
assert(wait)

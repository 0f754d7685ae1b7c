local a = target "metting"
local b = target("nowhere")
local NAME <const> = "desktop"
local c = target(NAME)
local name = "meetings"
local d = target(name)
local t = target
local e = t "studi"
local computed = target(var "cloud")
local unknown = target("meet" .. "ing")
local last = target(a and "meeting" or "desktops")
for _, n in ipairs { "meeting", "x" } do target(n) end
note(a, b, c, d, e, computed, unknown, last)
local function late() return target "desctops" end
late()
-- expect+ 1: unknown target "metting"; did you mean "meeting"?
-- expect+ 2: unknown target "nowhere"; targets.lua has: meeting, desktops, broken, studio
-- expect+ 4: unknown target "desktop"; did you mean "desktops"?
-- expect+ 6: unknown target "meetings"; did you mean "meeting"?
-- expect+ 8: unknown target "studi"; did you mean "studio"?
-- expect+ 14: unknown target "desctops"; did you mean "desktops"?

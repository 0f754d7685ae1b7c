-- A local that is assigned twice is known for nothing.
local people = input.csv "leavers"
local cloud = target "meeting"
cloud = target "desktops"
cloud:lock(people)
local other
if var("x", nil) then other = target "meeting" else other = target "desktops" end
other:lock(people)
local third = target "meeting"
local function swap() third = target "desktops" end
swap()
third:lock(people)
local a, b = target "meeting", target "desktops"
a, b = b, a
a:lock(people) b:disable(people)
local list = input.csv "x"
list = { disable = function() end }
list:disable()
local fourth = target "meeting"
local function outer() return function() fourth = target "desktops" end end
outer()()
local function use_it() fourth:lock(people) end
use_it()

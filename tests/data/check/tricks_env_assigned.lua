-- Who replaces _ENV itself is on their own, and so are their functions.
local say = note
local function later() return undefined end
_ENV = { say = say }
say(anything, later())

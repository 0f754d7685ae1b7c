-- A module of ours brings methods that nobody knows here.
local schema = use "offboard.schema"
local function f(x) x:anything() end
f(schema)

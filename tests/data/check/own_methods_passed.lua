local steps = {}
local function register(name, f) steps[name] = f end
register("ste" .. "p", function() end)
local function run(x) x:stepper() end
run(steps)

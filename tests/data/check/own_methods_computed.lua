-- Names that are made while it runs: then no method of an unknown thing is judged.
local steps = {}
for i = 1, 3 do steps["step" .. i] = function() end end
local function run(x) x:step1() x:step2() end
run(steps)

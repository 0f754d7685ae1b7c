print "x"
local t = os.time()
local r = math.random()
note(t, r, setmetatable)
-- expect 1: "print" is not available in a policy: it sees no files, clock or network, and no metatables
-- expect 2: "os" is not available in a policy: it sees no files, clock or network, and no metatables
-- expect 3: unknown name "math.random"
-- expect 4: "setmetatable" is not available in a policy: it sees no files, clock or network, and no metatables

if var("x", nil) then rehearse() end
local e = expect
note(e)
-- expect 1: "rehearse" is not part of this version of offboard
-- expect 2: "expect" is not part of this version of offboard

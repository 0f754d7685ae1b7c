wait { days = 30 }
if var("x", nil) then rehearse() end
-- expect 1: "wait" is not part of this version of offboard
-- expect 2: "rehearse" is not part of this version of offboard

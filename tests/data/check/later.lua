if var("x", nil) then rehearse() end
-- expect 1: "rehearse" is not part of this version of offboard

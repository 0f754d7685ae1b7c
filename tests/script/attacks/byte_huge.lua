-- expect: error string slice too long
-- More results than a stack has.
return ("x"):rep(2000000):byte(1, -1)

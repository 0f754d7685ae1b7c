-- expect: memory
-- The separator is what is large.
return (""):rep(1 << 60, "x")

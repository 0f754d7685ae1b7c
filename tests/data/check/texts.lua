local line = ("%s is %d"):format("x", 3)
note(("x"):rep(3), line:upper(), ("a" .. line):trim(), #line)
-- expect 2: a text has no method "trim"

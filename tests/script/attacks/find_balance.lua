-- expect: budget
-- %b on a text without the end.
return ("("):rep(2000000):find("%b()")

-- expect: error too many captures
return ("a"):rep(99):find(("(a)"):rep(33))

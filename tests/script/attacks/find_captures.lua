-- expect: error too many captures
return ("a"):find(("(a)"):rep(33))

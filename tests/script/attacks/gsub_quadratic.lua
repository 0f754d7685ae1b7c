-- expect: budget
return ("a"):rep(1000000):gsub("a-b", "")

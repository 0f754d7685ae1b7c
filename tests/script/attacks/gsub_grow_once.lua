-- expect: memory
-- A replacement of a megabyte for each of many places.
return ("x"):rep(1000):gsub(".", ("y"):rep(1000000))

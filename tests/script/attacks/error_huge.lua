-- expect: error xxxxxxxx
-- A message of 16 MiB is cut, not copied around.
error(("x"):rep(1 << 24))

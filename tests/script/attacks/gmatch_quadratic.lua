-- expect: budget
-- gmatch that fails at each place after a long walk.
for _ in (("a"):rep(1000000)):gmatch("a-b") do end

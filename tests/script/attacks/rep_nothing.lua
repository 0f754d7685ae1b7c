-- expect: done
-- Lua's own rep spins 2^62 times over nothing.
assert((""):rep(1 << 62) == "")
assert((""):rep(1 << 62, "") == "")
assert(("x"):rep(-5) == "")
assert(("x"):rep(0, "sep") == "")

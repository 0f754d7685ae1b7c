-- expect: done
assert(not pcall(select, 0))
assert(not pcall(select, -5, 1))
assert(select(-1, 1, 2) == 2)

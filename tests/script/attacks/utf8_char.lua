-- expect: done
assert(not pcall(utf8.char, 1 << 60))
assert(not pcall(utf8.char, -1))
assert(utf8.char() == "")

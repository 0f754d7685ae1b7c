-- expect: error table.move: more than
-- A range of 2^53 in C.
table.move({}, 1, 1 << 53, 2)

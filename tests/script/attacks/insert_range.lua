-- expect: error position out of bounds
table.insert({}, math.mininteger, 1)

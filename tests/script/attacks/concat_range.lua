-- expect: error invalid value
-- Numbers near the end of the integers.
return table.concat({}, "x", math.maxinteger - 1, math.maxinteger)

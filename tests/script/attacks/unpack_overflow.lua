-- expect: error table.unpack: more than
return table.unpack({}, math.mininteger, math.maxinteger)

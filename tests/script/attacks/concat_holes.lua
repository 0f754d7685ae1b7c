-- expect: error invalid value (at index 1) in table for 'concat'
return table.concat({}, "", 1, 1 << 60)

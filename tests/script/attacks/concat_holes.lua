-- expect: error invalid value (nil) at index 1
return table.concat({}, "", 1, 1 << 60)

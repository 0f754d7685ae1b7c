-- expect: error table.unpack: more than
return table.unpack({}, 1, 1e8)

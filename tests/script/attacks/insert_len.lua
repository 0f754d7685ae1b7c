-- expect: error "setmetatable" is not available
-- table.insert with a length that lies.
table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 1)

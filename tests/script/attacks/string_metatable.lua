-- expect: error "getmetatable" is not available
-- One metatable serves all strings of a state.
getmetatable("").__index = nil

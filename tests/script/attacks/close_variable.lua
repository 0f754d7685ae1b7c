-- expect: error variable 'x' got a non-closable value
-- To-be-closed variables need a metatable.
local x <close> = {}
return x

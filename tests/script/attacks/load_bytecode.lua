-- expect: error "load" is not available
-- Bytecode can crash the interpreter.
load("\27Lua")

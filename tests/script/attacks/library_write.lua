-- expect: error cannot be changed
-- Libraries are read-only: other code of the state uses them.
string.format = nil

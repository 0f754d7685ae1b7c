-- expect: done
-- Strings carry their methods even where there is no environment; those are the bounded ones.
local s = "x"
local function f()
  local _ENV = {}
  return s:rep(3), s.dump, s.pack
end
local three, dump, pack = f()
assert(three == "xxx" and dump == nil and pack == nil)

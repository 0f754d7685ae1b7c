-- expect: error policy.lua:4: C stack overflow
-- Callbacks within callbacks.
local function f(s)
  return (s:gsub(".", f))
end
f("x")

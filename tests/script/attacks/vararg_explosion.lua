-- expect: error stack overflow|memory|budget
-- Arguments that double with each call.
local function f(...)
  local t = table.pack(...)
  for i = 1, #t do
    t[#t + 1] = i
  end
  return f(table.unpack(t))
end
f(1)

-- expect: done
-- Reading a name out of a long chain of moves for a message.
local function f()
  local a
  local b = a
  local c = b
  local d = c
  return d.x
end
local ok, message = pcall(f)
assert(not ok and message:find "local 'd'")

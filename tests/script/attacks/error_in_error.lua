-- expect: budget|error
-- Errors about errors.
local function f()
  local ok, m = pcall(error, ("y"):rep(1000))
  error(m .. m)
end
while true do
  pcall(f)
end

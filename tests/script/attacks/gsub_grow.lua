-- expect: memory|budget
-- The replacement is larger than what it replaces.
local s = "x"
while true do
  s = s:gsub(".", "%0%0%0%0%0%0%0%0")
end

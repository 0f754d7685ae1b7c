-- expect: memory
-- Long keys.
local t = {}
for i = 1, 1e9 do
  t[("k"):rep(30000) .. i] = true
end

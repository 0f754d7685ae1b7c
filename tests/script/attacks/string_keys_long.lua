-- expect: memory
-- Long keys, in a state that is half full: each is hashed whole when it is used.
local ballast = "x"
for _ = 1, 25 do
  ballast = ballast .. ballast
end
local t = {}
for i = 1, 1e9 do
  t[("k"):rep(30000) .. i] = true
end

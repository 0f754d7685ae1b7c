-- expect: error larger than 16 MiB
local s, t = ("x"):rep(8000000), {}
for i = 1, 1000 do
  t[i] = s
end
json.encode(t)

-- expect: memory
local text = "[" .. ("{},"):rep(2000000) .. "1]"
while true do
  pcall(json.decode, text)
end

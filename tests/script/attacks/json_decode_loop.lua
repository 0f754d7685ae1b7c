-- expect: budget|memory
local text = "[" .. ("1,"):rep(300000) .. "1]"
while true do
  json.decode(text)
end

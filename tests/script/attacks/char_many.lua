-- expect: budget|memory|error
-- utf8.char and string.char with very many arguments.
local t = {}
for i = 1, 200000 do
  t[i] = 65
end
while true do
  string.char(table.unpack(t))
  utf8.char(table.unpack(t))
end

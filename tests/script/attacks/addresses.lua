-- expect: done
-- An address differs from run to run and helps an attacker.
for _, v in ipairs { {}, function() end, tostring, string, json.null } do
  assert(not tostring(v):find("0x"), tostring(v))
  assert(not ("%s"):format(v):find("0x"))
end
assert(not pcall(string.format, "%p", {}))
assert(not pcall(string.format, "%10p", {}))
assert(not pcall(string.format, "%s %-5p", 1, {}))
local ok, message = pcall(error, {})
assert(not ok and type(message) == "table")

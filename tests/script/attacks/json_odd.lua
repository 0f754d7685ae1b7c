-- expect: done
-- What is no JSON is refused with a message.
for _, v in ipairs { 0 / 0, 1 / 0, tostring, { [1.5] = 1 }, { 1, x = 2 }, "\xff", { [true] = 1 } } do
  local ok, message = pcall(json.encode, v)
  assert(not ok and message:find("json"), message)
end
for _, s in ipairs { "", "{", "[1,]", "nan", "01", "+1", "0x10", "'a'", "\"\1\"", "\"\\ud800\"", "1e999", "{\"a\":1,\"a\":2}", "[1] x", "\xff", "nul", "infinity", "[1\0]", "\0" } do
  local v, message = json.decode(s)
  assert(v == nil and message:find("json"), s)
end

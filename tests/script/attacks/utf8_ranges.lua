-- expect: done
-- Positions at the ends of the integers.
for _, i in ipairs { math.mininteger, math.maxinteger, -1, 0, 1 << 40 } do
  pcall(utf8.len, "abc", i)
  pcall(utf8.len, "abc", 1, i)
  pcall(utf8.offset, "abc", i)
  pcall(utf8.offset, "abc", 1, i)
  pcall(utf8.codepoint, "abc", i)
  pcall(string.sub, "abc", i)
  pcall(string.byte, "abc", i, i)
  pcall(string.find, "abc", "b", i)
  pcall(string.match, "abc", "b", i)
  pcall(string.gmatch("abc", "b", i))
  pcall(select, i, 1, 2)
  pcall(table.unpack, {}, i, i)
  pcall(table.concat, {}, "", i, i)
  pcall(table.insert, {}, i, 1)
  pcall(table.remove, {}, i)
  pcall(table.move, {}, i, i, i)
  pcall(string.gsub, "abc", "b", "c", i)
end

-- expect: done
-- Malformed patterns are errors.
for _, p in ipairs { "[", "[a", "[^", "%", "[%", "%b", "%bx", "%f", "%fa", "%1", "(%1)", "[]", "[a-", "a[%a" } do
  assert(not pcall(string.find, "aaaa", p), p)
  assert(not pcall(string.gsub, "aaaa", p, ""), p)
  assert(not pcall(function() for _ in ("aaaa"):gmatch(p) do end end), p)
end

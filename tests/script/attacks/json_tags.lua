-- expect: done
-- Texts that look like the guard's own marks come back as they were.
for _, s in ipairs { "\1", "\0011", "\2", "\2\1", "\3", "\4", "\4x", "\5", "\0011e5", "\3\3" } do
  assert(json.decode(json.encode(s)) == s)
  assert(json.decode(json.encode { s })[1] == s)
  assert(json.decode(json.encode { [s] = s })[s] == s)
  assert(json.decode(json.encode { "\4", s, s })[3] == s)
end

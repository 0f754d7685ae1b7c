-- expect: done
-- Hostile formats are errors, not reads past the arguments.
for _, f in ipairs { "%", "%1", "%s", "%d", "%y", "%5", "%%%", "%.3q", "%p", "%c", "%-+ #0" } do
  assert(not pcall(string.format, f), f)
end
assert(("%%"):format() == "%")
assert(("%q"):format(1 / 0) == "1e9999")

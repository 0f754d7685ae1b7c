local function fact(n) if n < 2 then return 1 end return n * fact(n - 1) end
local function va(...)
  local n, t = select("#", ...), table.pack(...)
  return function(...) return n, t.n, ..., fact(3) end
end
local even
local function odd(n) if n == 0 then return false end return even(n - 1) end
function even(n) if n == 0 then return true end return odd(n - 1) end
note(va(1, 2)(), odd(3), pcall(error, "x"), type(nil), tostring(1), tonumber "1")
local ok, why = pcall(function() error { code = 1 } end)
note(ok, why, rawequal(1, 1), rawlen {}, next {}, json.encode {}, json.decode "1", json.null)
for k, v in pairs { a = 1 } do note(k, v) end
for n = 10, 1, -1 do if n % 2 == 0 then goto next end note(n) ::next:: end
do local x <const>, y <const> = 1, "b" note(x, y) end
local t = { [1] = 2, x = { y = { z = 1 } }, f = function(self) return self.x.y.z end }
note(t:f(), t.x.y.z, t["x"].y, -t[1], not t, #t, ~1, 1 << 2, 7 // 2, 2 ^ 3, "a" .. 1 .. "b")
note(days(1), now(), key "id", var("x", 1), today(days(-30)), fail and "f")

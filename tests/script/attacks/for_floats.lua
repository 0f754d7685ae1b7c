-- expect: budget
-- A step that is lost in rounding.
for _ = 1e308, 1.7e308, 1 do end

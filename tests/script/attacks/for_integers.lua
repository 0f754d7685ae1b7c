-- expect: budget
-- A loop that cannot overflow but takes for ever.
for _ = math.mininteger, math.maxinteger do end

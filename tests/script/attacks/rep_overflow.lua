-- expect: memory
-- n times the length overflows 64 bits.
return ("xxxxxxxx"):rep(math.maxinteger)

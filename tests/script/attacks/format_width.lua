-- expect: error invalid conversion
-- A width of 99999 is not accepted.
return ("%99999d"):format(1)

-- expect: error broken on purpose
-- A table may carry its text.
error { message = "broken on purpose" }

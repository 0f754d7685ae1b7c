-- expect: error policy.lua:5: an error that is a table
-- An error that is no text gets a sensible message.
-- the line is that of the error

error {}

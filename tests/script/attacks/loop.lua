-- expect: budget
-- The plain endless loop.
while true do end

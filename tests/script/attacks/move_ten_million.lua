-- expect: budget|memory
-- The largest range that is accepted, again and again.
while true do
  table.move({}, 1, 9999999, 2)
end

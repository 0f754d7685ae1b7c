-- Everybody on the list out of all three clouds, side by side.
local people = input.csv "leavers"
together(
  function() return target "meeting":disable(people, { id = "meeting_account" }) end,
  function() return target "desktops":lock(people, { id = "desktop_user" }) end,
  function() return target "studio":remove(people, { id = "iam_user_id", chunk = 100 }) end)

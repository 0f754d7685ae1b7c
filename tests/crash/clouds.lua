-- All three clouds: switched off side by side, then removed and deleted side by side.
local people = input.csv "leavers"
local meeting, desktops, studio = target "meeting", target "desktops", target "studio"

local off = together(
  function() return meeting:disable(people, { id = "meeting_account", chunk = 7 }) end,
  function() return desktops:lock(people, { id = "desktop_user", chunk = 5 }) end)

together(
  function() return studio:remove(people, { id = "iam_user_id", chunk = 5 }) end,
  function() return desktops:remove(off.succeeded, { id = "desktop_user", ramp = { 1, "30%" } }) end,
  function() return meeting:delete(off.succeeded, { id = "meeting_account", chunk = 10 }) end)

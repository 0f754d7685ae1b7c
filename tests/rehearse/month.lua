-- Thirty days for everybody: the speed of a rehearsal.
local people = input.csv "leavers"
local meeting, desktops, studio = target "meeting", target "desktops", target "studio"
local off = together(
  function() return meeting:disable(people, { id = "meeting_account" }) end,
  function() return desktops:lock(people, { id = "desktop_user" }) end)
wait { days = 30 }
studio:remove(off.succeeded, { id = "iam_user_id" })
desktops:remove(off.succeeded, { id = "desktop_user" })
meeting:delete(off.succeeded, { id = "meeting_account" })

-- The policy of DESIGN section 2, without its wait.
local people = input.csv "leavers"
  :where(function(p) return p.last_day <= today() end)

limit   { users = 200, share = 0.05 }
protect { account = { "admin*", "svc-*" } }

local meeting, desktops, studio = target "meeting", target "desktops", target "studio"

local locked = together(
  function() return meeting:disable(people, { id = "meeting_account", chunk = 100 }) end,
  function() return desktops:lock(people,   { id = "desktop_user" }) end)

if locked.failed_share > 0.10 then
  return locked:undo "more than one in ten could not be locked"
end

studio:remove(locked.succeeded,    { id = "iam_user_id", chunk = 20 })
desktops:remove(locked.succeeded,  { id = "desktop_user", ramp = { 1, 5, "20%" } })
meeting:delete(locked.succeeded,   { id = "meeting_account" })

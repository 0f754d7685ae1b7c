-- People leave: shows two clouds locked at once, a threshold that stops everything, and the
-- deletion of those who were locked, and of nobody else.
--   offboard plan leavers.lua --input leavers=leavers.csv
-- The file has a row a person: employee, meeting_account, iam_user_id, desktop_user, last_day.

local people = input.csv "leavers"
  :where(function(p) return p.last_day <= today() end)

limit { users = 200, share = 0.25 }
protect { account = { "admin*", "svc-*" } }

local meeting, desktops, studio = target "meeting", target "desktops", target "studio"

-- What can be taken back comes first.
local locked = together(
  function() return meeting:disable(people, { id = "meeting_account", chunk = 100 }) end,
  function() return desktops:lock(people, { id = "desktop_user", chunk = 100 }) end)

if locked.failed_share > 0.10 then
  fail(("%d of %d could not be locked: nobody is deleted"):format(#locked.failed, locked.total))
end

-- What cannot be taken back, for those who are locked on both: a few desktops first.
studio:remove(locked.succeeded, { id = "iam_user_id", chunk = 20 })
desktops:remove(locked.succeeded, { id = "desktop_user", ramp = { 1, 5, "20%" } })
meeting:delete(locked.succeeded, { id = "meeting_account", chunk = 100 })

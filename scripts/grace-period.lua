-- People leave, and may come back: shows accounts switched off on the last day and deleted thirty
-- days later, an input that is read again before, and the undo of a step that goes badly.
--   offboard plan grace-period.lua --input leavers=leavers.csv
-- The file has a row a person: employee, meeting_account, iam_user_id, desktop_user, last_day.
-- A timer resumes it when it is due: scripts/offboard-resume.timer.

local people = input.csv "leavers"
  :where(function(p) return p.last_day <= today() end)

limit { users = 200, share = 0.25 }
protect { account = { "admin*", "svc-*" } }

local meeting, desktops, studio = target "meeting", target "desktops", target "studio"

-- One in ten that cannot be switched off is no accident: then those who were are switched on again.
local off = together(
  function() return meeting:disable(people, { id = "meeting_account", chunk = 100 }) end,
  function() return desktops:lock(people, { id = "desktop_user", chunk = 100 }) end)
if off.failed_share > 0.10 then
  off:undo "more than one in ten could not be switched off"
  fail(("%d of %d could not be switched off: all of it is undone"):format(#off.failed, off.total))
end

-- Whoever is no longer on the list then, or was switched on by somebody, is left alone.
wait { days = tonumber(var("days", "30")), recheck = "leavers" }

expect("a month passes before anything is deleted", function(world)
  for _, p in ipairs(world.people) do
    local m = p.meeting
    if m and m.deleted_at and m.deleted_at - m.disabled_at < days(tonumber(var("days", "30"))) then
      return false, p.name
    end
  end
end)

studio:remove(off.succeeded, { id = "iam_user_id", chunk = 20, stop_when = { failed = 5 } })
desktops:remove(off.succeeded, { id = "desktop_user", ramp = { 1, 5, "20%" } })
meeting:delete(off.succeeded, { id = "meeting_account", chunk = 100 })

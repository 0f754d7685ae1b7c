-- Planted: somebody who could not be switched off is deleted at once instead of after the wait.
local people = input.csv "leavers"
local meeting = target "meeting"
local off = meeting:disable(people, { id = "meeting_account", chunk = 2 })
if #off.failed + #off.unknown > 0 then
  meeting:delete(off.succeeded, { id = "meeting_account" })
else
  wait { days = 30 }
  meeting:delete(off.succeeded, { id = "meeting_account" })
end
expect("nobody is deleted within thirty days", function(world)
  for _, p in ipairs(world.people) do
    if p.meeting.deleted_at and p.meeting.deleted_at - world.started < days(30) then
      return false, p.name .. " was deleted too early"
    end
  end
end)

-- Every action of every cloud, a wait, readings and an undo, for few people: the run that the crash
-- matrix crashes at each of its points.
local people = input.csv "leavers"
local meeting, desktops, studio = target "meeting", target "desktops", target "studio"
local gone, stay = people:first(3), people:rest(3)

note(("%d accounts"):format(#meeting:list()))
local _, a, b = together(
  function() return meeting:disable(people, { id = "meeting_account", chunk = 2 }) end,
  function() return desktops:lock(people, { id = "desktop_user", chunk = 2 }) end)
wait { days = 30, recheck = "leavers" }
meeting:enable(stay:minus(a.unknown), { id = "meeting_account" })
local on = desktops:unlock(stay:minus(b.unknown), { id = "desktop_user" })
studio:remove(gone, { id = "iam_user_id", chunk = 1 })
desktops:remove(gone, { id = "desktop_user", ramp = { 1, 2 } })
meeting:delete(gone, { id = "meeting_account", chunk = 2 })
local second = desktops:lock(on.succeeded, { id = "desktop_user" })
second:undo "that was a rehearsal"
-- Deleted by mistake, and put back from what the clouds said before.
local back = stay:rest(1)
together(
  function()
    return meeting:delete(back:minus(a.unknown), { id = "meeting_account", straight = true })
      :undo "a mistake"
  end,
  function() return studio:remove(back, { id = "iam_user_id" }):undo "a mistake" end,
  function()
    return desktops:remove(on.succeeded:minus(second.unknown),
      { id = "desktop_user", straight = true })
      :undo "a mistake"
  end)
expect("thirty days lie between", function(world)
  for _, p in ipairs(world.people) do
    if p.studio and p.studio.deleted_at and p.meeting.disabled_at
      and p.studio.deleted_at - world.started < days(30) then
      return false, p.name .. " was removed too early"
    end
  end
end)

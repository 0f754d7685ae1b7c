-- Planted: somebody unknown is switched on again, as if unknown meant switched off.
local people = input.csv "leavers"
local meeting = target "meeting"
local off = meeting:disable(people, { id = "meeting_account", chunk = 2 })
-- Whoever has changed their mind is switched on again, but for those who could not be switched off.
meeting:enable(people:first(4):minus(off.failed), { id = "meeting_account" })

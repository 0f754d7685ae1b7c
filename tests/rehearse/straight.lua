-- Planted: everybody is deleted at once. The host leaves alone who was not switched off before:
-- here two of the desktops' people, one of whom the clouds had switched off already.
local people = input.csv "leavers"
local meeting, desktops = target "meeting", target "desktops"
desktops:lock(people:first(2), { id = "desktop_user" })
desktops:remove(people, { id = "desktop_user" })
meeting:delete(people, { id = "meeting_account" })

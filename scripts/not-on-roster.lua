-- Who has an account and is not on the personnel file: shows two rosters compared by columns of
-- different names, and what is only reported. Nobody is deleted; accounts are switched off.
--   offboard plan not-on-roster.lua --input staff=staff.csv --max-delete 0
-- The file has a row for everybody employed, with the columns meeting_account and desktop_user.

local staff = input.csv "staff"
local meeting, desktops = target "meeting", target "desktops"

-- A cut file would make strangers of everybody: more than one in ten, and nothing is changed.
limit { share = tonumber(var("share", "0.10")) }

local accounts = meeting:list()
  :where { state = "active", admin = "false" }
  :minus(staff, { mine = "id", theirs = "meeting_account" })

local machines = desktops:list()
  :where { state = "active" }
  :minus(staff, { mine = "id", theirs = "desktop_user" })

note(("%d accounts and %d desktops belong to nobody on file"):format(#accounts, #machines))
meeting:disable(accounts)
desktops:lock(machines)

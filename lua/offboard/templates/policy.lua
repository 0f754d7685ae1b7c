-- @NAME@: who leaves, and what happens to their accounts.
--
-- Try it. Nothing leaves this machine; the clouds are simulated, and so are the leavers:
--   offboard sim --people 300 --leavers tried.csv -- \
--     offboard plan @NAME@.lua --input leavers=tried.csv
-- The same with `apply` instead of `plan` carries it out over there.
--
-- Use it. Fill in targets.lua, then:
--   offboard check @NAME@.lua --config targets.lua
--   offboard plan  @NAME@.lua --config targets.lua --input leavers=leavers.csv
--   offboard apply latest --config targets.lua

-- The rows of the file given with --input leavers=FILE. A row's columns are its fields; the first
-- column is the name under which a person stands in plans and reports.
local people = input.csv "leavers"
  :where(function(p) return p.last_day <= today() end)

-- Stop, before anything is changed, when more people than this would be touched on one target:
-- an export gone wrong must not offboard the company.
limit { users = 200, share = 0.25 }

-- Never these, whatever the file says: patterns over what a cloud knows a person by. A column's
-- name instead of "account" looks at that column.
protect { account = { "admin*", "svc-*" } }

-- The names of targets.lua.
local meeting, desktops, studio = target "meeting", target "desktops", target "studio"

-- First what can be taken back: the accounts are switched off, on both clouds at once. `id` is
-- the column that holds what this cloud knows a person by, `chunk` how many go into one call.
local locked = together(
  function() return meeting:disable(people, { id = "meeting_account", chunk = 100 }) end,
  function() return desktops:lock(people, { id = "desktop_user", chunk = 100 }) end)

-- One in ten is no accident: stop here, before anything that cannot be taken back.
if locked.failed_share > 0.10 then
  fail "more than one in ten could not be locked: nobody is deleted"
end

-- Then, for those who are locked, what cannot be taken back.

studio:remove(locked.succeeded, { id = "iam_user_id", chunk = 20 })
desktops:remove(locked.succeeded, { id = "desktop_user", ramp = { 1, 5, "20%" } })
meeting:delete(locked.succeeded, { id = "meeting_account", chunk = 100 })

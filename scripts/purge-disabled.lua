-- Deletes what is switched off already: shows a cloud's own directory as the roster, columns that
-- the cloud names, a list of exceptions, and a sample that goes first.
--   offboard plan purge-disabled.lua --input keep=keep.txt --allow-empty
-- keep.txt names one Meeting account a line; with --allow-empty it may be empty.

local meeting = target "meeting"

local off = meeting:list()
  :where { state = "disabled", admin = "false" }
  :minus(input.lines "keep")

limit { share = 0.10 }
note(("%d accounts are switched off and not kept"):format(#off))

-- One in twenty first; the rest only if all of those could be deleted.
local first = meeting:delete(off:sample "5%")
if #first.succeeded < first.total then
  fail "the sample could not be deleted as a whole: the rest stays"
end
meeting:delete(off:minus(first.succeeded))

-- Every action of Huawei Cloud Meeting: switched off and on again by an undo; after a wait, deleted
-- and brought back by another, with rooms and roles; and some who stay deleted.
local people = input.csv "leavers"
local meeting = target "meeting"
local first, rest = people:first "30%", people:rest "30%"
local function how(chunk, straight)
  return { id = "meeting_account", chunk = chunk, straight = straight }
end

meeting:disable(first, how(7)):undo "a drill"
wait { minutes = 0.001 }
meeting:delete(rest:first "50%", how(5, true)):undo "a drill"
meeting:delete(rest:rest "50%", how(10, true))

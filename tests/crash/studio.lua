-- Every action of Huawei DataArts Studio: removed and brought back by an undo with their roles; after a
-- wait, others removed for good.
local people = input.csv "leavers"
local studio = target "studio"
local first, rest = people:first "50%", people:rest "50%"

studio:remove(first, { id = "iam_user_id", chunk = 5 }):undo "a drill"
wait { minutes = 0.001 }
studio:remove(rest, { id = "iam_user_id", chunk = 3 })

-- Every action of Alibaba Cloud EDS: locked and unlocked by an undo; after a wait, removed and brought
-- back by another, some of them locked; and some who stay removed.
local people = input.csv "leavers"
local desktops = target "desktops"
local first, rest = people:first "30%", people:rest "30%"
local function how(chunk, straight)
  return { id = "desktop_user", chunk = chunk, straight = straight }
end

desktops:lock(first, how(5)):undo "a drill"
wait { minutes = 0.001 }
desktops:remove(rest:first "50%", how(7, true)):undo "a drill"
desktops:remove(rest:rest "50%", { id = "desktop_user", ramp = { 1, "30%" },
  straight = true })

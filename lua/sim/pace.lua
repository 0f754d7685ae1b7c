-- How long a call takes at the clouds, for rehearsals, where time is virtual: Meeting's own figures
-- where it published some (huawei.md A.5; its slowest in a hundred), a plain guess elsewhere.

local M = {}

local MS = {
  meeting = { delete = 57, status = 33, add = 125, list = 644, token_refresh = 97, login = 97 },
  studio = { list = 400, remove = 150, add = 150 },
  desktops = { DescribeUsers = 300, FilterUsers = 300, RemoveUsers = 200, LockUsers = 200,
    UnlockUsers = 200, CreateUsers = 400 },
}
local OTHER_MS = 120

-- Three quarters of the figure to five quarters.
function M.delay(random, cloud, op)
  local ms = MS[cloud] and MS[cloud][op] or OTHER_MS
  return ms * 3 // 4 + random(ms // 2 + 1)
end

return M

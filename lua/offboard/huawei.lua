-- What all services behind Huawei Cloud's gateway have in common: the gateway's own error codes
-- (huawei.md E). The same numbers come with the prefix APIGW. or APIG., and their texts are not
-- fixed. 0201 comes with many HTTP statuses: 413 and 414 are about the request, while 502 and
-- 504 are made "transient" by the rule for all 5xx (provider.lua).
local M = {}

M.gateway_errors = {
  ["APIG*.0101"] = "request",
  ["APIG*.0106"] = "request",
  ["APIG*.0201"] = "request",
  ["APIG*.0301"] = "credential", -- also a locked key: five wrong signatures lock it for 5 minutes
  ["APIG*.0302"] = "permission",
  ["APIG*.0303"] = "credential", -- also a clock that is off by more than 15 minutes
  ["APIG*.0305"] = "credential",
  ["APIG*.0306"] = "permission",
  ["APIG*.0307"] = "token",
  ["APIG*.0308"] = "throttled",
  ["APIG*.0310"] = "permission",
  ["APIG*.0601"] = "transient",
  ["APIG*.0605"] = "transient",
  ["APIG*.0606"] = "transient",
  ["APIG*.0610"] = "transient",
  ["APIG*.0613"] = "transient",
  ["APIG*.0802"] = "permission",
}

-- The gateway's codes and the service's own in one table.
function M.errors(own)
  local all = {}
  for code, meaning in pairs(M.gateway_errors) do
    all[code] = meaning
  end
  for code, meaning in pairs(own) do
    all[code] = meaning
  end
  return all
end

return M

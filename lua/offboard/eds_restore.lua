-- How a convenience user of Alibaba Cloud EDS is made again from a snapshot (alibaba.md A.3, A.6):
-- part of lua/provider/alibaba-eds.lua. A snapshot is a row of FilterUsers, what is read back one
-- of DescribeUsers; both speak of the same things, not always by the same names.
local restore = use "offboard.restore"
local wire = use "offboard.wire"

local M = {}

-- Of each user, and what the cloud makes of nothing.
local own_fields = {
  { "EndUserId" }, { "Email" }, { "Phone" }, { "OwnerType", "Normal" }, { "Remark" },
  { "RealNickName" },
}

-- The organisations somebody belongs to, as either row has them; CreateUsers takes one.
local function orgs(row)
  local ids = {}
  for _, name in ipairs { "OrgList", "Orgs" } do
    for _, org in ipairs(type(row[name]) == "table" and row[name] or {}) do
      ids[#ids + 1] = wire.is_map(org) and wire.text(org.OrgId) or nil
    end
  end
  return ids
end

local function groups(row)
  return restore.ids(row, "Groups", "GroupId")
end

-- Only a number of days is an expiry; the preview may write what it likes for "never".
local function expiry(row)
  local days = wire.whole(row.PasswordExpireDays)
  return days and days > 0 and days or nil
end

-- ---- the request ----

-- What holds for all users of one call, so only those share one who had the same.
function M.query(args)
  local row, query = args.people[1].fields, {}
  local values = {
    { "AutoLockTime", restore.value(row, "AutoLockTime") },
    { "IsLocalAdmin", restore.value(row, "EnableAdminAccess") },
    { "PasswordExpireDays", expiry(row) },
  }
  for _, pair in ipairs(values) do
    if pair[2] ~= nil then
      query[#query + 1] = pair
    end
  end
  return query
end

function M.group(_, snapshot)
  local parts = {}
  for i, pair in ipairs(M.query { people = { snapshot } }) do
    parts[i] = pair[1] .. "=" .. tostring(pair[2])
  end
  return table.concat(parts, " ")
end

local function add_user(form, n, row)
  local function put(name, value)
    if value ~= nil then
      form[#form + 1] = { ("Users.%d.%s"):format(n, name), value }
    end
  end
  for _, field in ipairs(own_fields) do
    put(field[1], restore.value(row, field[1]))
  end
  put("OrgId", orgs(row)[1])
  for i, id in ipairs(groups(row)) do
    put(("GroupIdList.%d"):format(i), id)
  end
end

-- Without a password the cloud mails each user a link to set one; so they get one that nobody
-- knows.
function M.form(args)
  local form = { { "Password", { new = "password" } } }
  for n, snapshot in ipairs(args.people) do
    add_user(form, n, snapshot.fields)
  end
  return form
end

-- ---- reading back ----

-- DescribeUsers does not show AutoLockTime: where it is not there, it is not looked at.
local function query_holds(before, now)
  local lock, same = restore.value(before, "AutoLockTime"), true
  if now.AutoLockTime ~= nil then
    same = lock == restore.value(now, "AutoLockTime")
  end
  return same and expiry(before) == expiry(now)
    and (before.EnableAdminAccess == true) == (now.EnableAdminAccess == true)
end

-- The state is no part of this: whoever was locked is locked by the next action.
function M.holds(_, snapshot, row)
  local before, now = snapshot.fields, row.fields
  return row.state ~= "absent" and restore.agree(own_fields, before, now)
    and query_holds(before, now)
    and restore.within({ orgs(before)[1] }, orgs(now))
    and restore.within(groups(before), groups(now))
end

-- ---- what the plan says ----

M.undo_of_remove = {
  keeps = {
    "EndUserId", "Email", "Phone", "Status", "OwnerType", "Remark", "RealNickName", "NickName",
    "OrgId", "Groups", "EnableAdminAccess", "PasswordExpireDays", "AutoLockTime",
  },
  loses = restore.loses {
    { "a new one is set that nobody knows; the person has to reset it", "Password" },
    { "the cloud gives a new one", "Id", "WyId" },
    { "of several organisations only the first is given again", "Orgs", "OrgList" },
    { "they are set by the number of the new account; set them by hand", "Properties",
      "UserSetPropertiesModels" },
    { "desktops are not assigned again", "DesktopCount", "DesktopGroupCount", "Extras",
      "ResourcePolicyList" },
    { "devices have to be bound again", "MfaDevices" },
    { "cannot be set", "IsTenantManager", "JobNumber", "ExternalName", "ExternalInfo", "Address",
      "Avatar", "SupportLoginIdps" },
    { "begins anew", "PasswordExpireRestDays" },
  },
}

return M

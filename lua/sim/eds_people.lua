-- The users of the simulated EDS directory: what a record holds and CreateUsers accepts, how
-- DescribeUsers, FilterUsers and DescribeUser show them, and which of them a filter means
-- (api/alibaba.md A.3). No parameters of lists, no paging.

local wire = use "sim.wire"
local register = use "sim.register"

local M = {}

-- Ids beyond 2^53, which doubles cannot hold.
local FIRST_ID = 9007199254740993
local CREATED_MS = 1700000000000
M.ROOT_ORG = "org-aliyun-wy-org-id"
local ROOT_ORG, SALES_ORG = M.ROOT_ORG, "org-sim0sales00000"

local ORGS = { [ROOT_ORG] = { OrgId = ROOT_ORG, OrgName = "root", OrgNamePath = "root" },
  [SALES_ORG] = { OrgId = SALES_ORG, OrgName = "sales", OrgNamePath = "root/sales",
    ParentOrgId = ROOT_ORG } }
local PROPERTIES = { { id = 390, key = "site", values = { { id = 978, text = "Shanghai" },
  { id = 979, text = "Hangzhou" } } } }

function M.orgs()
  return { ORGS[ROOT_ORG], ORGS[SALES_ORG] }
end

-- ---- records ----

-- Some people have what most do not, so that what a restore forgets is seen.
function M.invent(p)
  local orgs = p.n % 11 == 0 and { SALES_ORG } or { ROOT_ORG }
  if p.n % 22 == 0 then
    orgs[2] = ROOT_ORG
  end
  return { email = p.email, nick = p.english, job = p.employee,
    phone = p.n % 3 == 0 and p.phone or nil, status = 0,
    owner = p.n % 4 == 0 and "CreateFromManager" or "Normal", orgs = orgs,
    remark = p.n % 5 == 0 and "desk " .. p.n or nil, local_admin = p.n % 10 == 0,
    auto_lock = p.n % 14 == 0 and "2027-03-03" or nil,
    expire_days = p.n % 13 == 0 and 90 or nil, rest_days = 90 - p.n % 50, desktops = p.n % 2,
    properties = { [390] = p.n % 9 == 0 and 978 or nil } }
end

-- The groups that a user of CreateUsers is to be in.
function M.group_ids(item)
  local ids = {}
  for n = 1, 100 do
    ids[n] = item["GroupIdList." .. n]
  end
  return ids
end

-- At least ten characters of three classes.
local function password_ok(text)
  local classes = 0
  for _, class in ipairs({ "%l", "%u", "%d", "[^%w ]" }) do
    classes = classes + (string.find(text, class) and 1 or 0)
  end
  return #text >= 10 and #text <= 256 and classes >= 3
end

-- The name of a parameter of CreateUsers that is wrong for all its users, or nil.
function M.create_wrong(args)
  local days = args.PasswordExpireDays and (wire.decimal(args.PasswordExpireDays) or 0)
  if args.Password and not password_ok(args.Password) then
    return "Password"
  elseif days and (days < 30 or days > 365) then
    return "PasswordExpireDays"
  elseif args.IsLocalAdmin and args.IsLocalAdmin ~= "true" and args.IsLocalAdmin ~= "false" then
    return "IsLocalAdmin"
  end
  return nil
end

local function belonging_wrong(c, item)
  if item.OrgId and not ORGS[item.OrgId] then
    return "InvalidOrgId", "The organization does not exist."
  end
  for _, group in ipairs(M.group_ids(item)) do
    if not c.groups[group] then
      return "InvalidGroupId", "The user group does not exist."
    end
  end
  return nil
end

-- Why this user cannot be made: a code and a message, or nil.
function M.item_wrong(c, item)
  local id = item.EndUserId or ""
  if #id < 3 or #id > 24 or string.find(id, "[^a-z0-9_-]") then
    return "InvalidUsername", id .. " is an invalid username."
  elseif not item.Email and not item.Phone then
    return "MissingEmailOrPhone", "Email or Phone is mandatory."
  elseif register.get(c.users, id) then
    return "ExistedEndUserId", "The username " .. id .. " is used by another user."
  elseif item.Password and not password_ok(item.Password) then
    return "InvalidPassword", "The password is too weak."
  end
  return belonging_wrong(c, item)
end

function M.from_item(_, args, item)
  return { email = item.Email, phone = item.Phone, status = 0, owner = item.OwnerType or "Normal",
    remark = item.Remark, nick = item.RealNickName, orgs = { item.OrgId or ROOT_ORG },
    auto_lock = args.AutoLockTime, local_admin = args.IsLocalAdmin == "true",
    expire_days = wire.decimal(args.PasswordExpireDays), desktops = 0, properties = {} }
end

-- Whom a UserId means; it is a text of more digits than most numbers keep.
function M.by_number(c, text)
  for _, record in ipairs(register.all(c.users)) do
    if string.format("%d", FIRST_ID + record.seq) == text then
      return record
    end
  end
  return nil
end

-- ---- properties ----

function M.property(id)
  return PROPERTIES[1].id == id and PROPERTIES[1] or nil
end

function M.property_value(property, id)
  for _, value in ipairs(property.values) do
    if value.id == id then
      return value
    end
  end
  return nil
end

local function value_row(value)
  return { PropertyValueId = value.id, PropertyValue = value.text }
end

function M.property_rows()
  local rows = {}
  for i, property in ipairs(PROPERTIES) do
    rows[i] = { PropertyId = property.id, PropertyKey = property.key, PropertyValues = {} }
    for k, value in ipairs(property.values) do
      rows[i].PropertyValues[k] = value_row(value)
    end
  end
  return rows
end

-- make(property, value) of what somebody has set.
local function properties(r, make)
  local out = {}
  for _, property in ipairs(PROPERTIES) do
    local value = M.property_value(property, r.properties[property.id])
    out[#out + 1] = value and make(property, value)
  end
  return wire.items(out)
end

-- ---- how the API shows them ----

local COMMON = { "Id", "EndUserId", "Email", "Phone", "Status", "OwnerType", "Remark",
  "RealNickName", "IsTenantManager", "EnableAdminAccess", "PasswordExpireDays",
  "PasswordExpireRestDays", "Groups" }
local USER_NAMES = { "WyId", "NickName", "JobNumber", "OrgId", "Orgs", "Properties" }
local FILTER_NAMES = { "AutoLockTime", "DesktopCount", "DesktopGroupCount", "OrgList",
  "UserSetPropertiesModels", "SupportLoginIdps", "ExternalInfo" }

local function shape(...)
  local names = table.move(COMMON, 1, #COMMON, 1, {})
  for _, list in ipairs({ ... }) do
    table.move(list, 1, #list, #names + 1, names)
  end
  return wire.shape(names)
end
local USER, FILTER, WHOLE = shape(USER_NAMES), shape(FILTER_NAMES), shape(USER_NAMES, FILTER_NAMES)

local function group_rows(c, record)
  local out = {}
  for _, id in ipairs(c.group_order) do
    if c.groups[id].members[record.id] then
      out[#out + 1] = { GroupId = id, GroupName = c.groups[id].name }
    end
  end
  return wire.items(out)
end

local function org_rows(r)
  local rows = {}
  for i, id in ipairs(r.orgs) do
    rows[i] = ORGS[id]
  end
  return rows
end

local function common_row(c, r)
  return { Id = FIRST_ID + r.seq, EndUserId = r.id, Email = r.email, Phone = r.phone,
    Status = r.status, OwnerType = r.owner, Remark = r.remark, RealNickName = r.nick,
    IsTenantManager = r.manager or false, EnableAdminAccess = r.local_admin,
    PasswordExpireDays = r.expire_days,
    PasswordExpireRestDays = r.expire_days and (r.rest_days or r.expire_days),
    Groups = group_rows(c, r) }
end

local function add_user_names(row, r)
  row.WyId, row.NickName = string.format("wy%016x", r.seq), r.nick or r.remark or r.id
  row.JobNumber, row.OrgId, row.Orgs = r.job, r.orgs[1], org_rows(r)
  row.Properties = properties(r, function(property, value)
    return { Key = property.key, Value = value.text }
  end)
  return row
end

-- Four of them only when the query asks for them.
local function add_filter_names(row, r, asked)
  row.AutoLockTime = r.auto_lock or ""
  row.DesktopCount = asked.IncludeDesktopCount == "true" and r.desktops or nil
  row.DesktopGroupCount = asked.IncludeDesktopGroupCount == "true" and 0 or nil
  row.OrgList = asked.IncludeOrgInfo == "true" and org_rows(r) or nil
  row.SupportLoginIdps = asked.IncludeSupportIdps == "true" and wire.EMPTY or nil
  row.UserSetPropertiesModels = properties(r, function(property, value)
    return { PropertyId = property.id, PropertyKey = property.key,
      PropertyValues = { value_row(value) } }
  end)
  row.ExternalInfo = { ExternalName = "", JobNumber = r.job or "" }
  return row
end

function M.user_row(c, r)
  local row = add_user_names(common_row(c, r), r)
  row[true] = USER
  return row
end

function M.filter_row(c, r, asked)
  local row = add_filter_names(common_row(c, r), r, asked)
  row[true] = FILTER
  return row
end

local ALL = { IncludeDesktopCount = "true", IncludeDesktopGroupCount = "true",
  IncludeOrgInfo = "true", IncludeSupportIdps = "true" }

function M.whole_row(c, r)
  local row = add_filter_names(add_user_names(common_row(c, r), r), r, ALL)
  row[true] = WHOLE
  return row
end

-- DescribeUser's own form.
function M.detail(r)
  local paths = {}
  for i, id in ipairs(r.orgs) do
    paths[i] = ORGS[id].OrgNamePath
  end
  return { EndUserId = r.id, WyId = string.format("wy%016x", r.seq), Email = r.email,
    Phone = r.phone, Status = r.status, Remark = r.remark, NickName = r.nick or r.remark or r.id,
    GmtCreate = CREATED_MS + r.seq, OrgIds = r.orgs, OrgPaths = paths,
    Properties = properties(r, function(property, value)
      return { Key = property.key, Value = value.text }
    end) }
end

-- '*' stands for anything, the comparison is by containment: on id and mail address.
local function fuzzy(text, pieces)
  local at = 1
  for _, piece in ipairs(pieces) do
    local from, to = string.find(text, piece, at, true)
    if not from then
      return false
    end
    at = to + 1
  end
  return true
end

local function set_of(ids)
  local set = {}
  for _, id in ipairs(ids) do
    set[id] = true
  end
  return set
end

-- A test for everything but exact ids, or nil when everybody passes.
function M.filter_of(c, ctx, excluded)
  local a = ctx.args
  local status, group = wire.decimal(a.Status), a.GroupId and c.groups[a.GroupId]
  local pieces = a.Filter and a.Filter ~= "" and wire.split(string.lower(a.Filter), "*")
  local out = #excluded > 0 and set_of(excluded)
  if not status and not a.GroupId and not pieces and not out and not a.OwnerType then
    return nil
  end
  return function(r)
    return (not status or r.status == status)
      and (not a.OwnerType or r.owner == a.OwnerType)
      and (not a.GroupId or (group and group.members[r.id]) ~= nil)
      and (not out or not out[r.id])
      and (not pieces or fuzzy(string.lower(r.id), pieces)
        or (r.email ~= nil and fuzzy(string.lower(r.email), pieces)))
  end
end

return M

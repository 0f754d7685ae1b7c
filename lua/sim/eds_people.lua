-- The users of the simulated EDS directory: how DescribeUsers, FilterUsers and DescribeUser show
-- them, and which of them a filter means (api/alibaba.md A.3). No parameters of lists, no paging.

local wire = use "sim.wire"

local M = {}

-- Ids beyond 2^53, which doubles cannot hold.
local FIRST_ID = 9007199254740993
local CREATED_MS = 1700000000000
M.ROOT_ORG = "org-aliyun-wy-org-id"
local ROOT_ORG = M.ROOT_ORG

local USER_NAMES = { "Id", "EndUserId", "WyId", "Email", "Phone", "Status", "OwnerType", "Remark",
  "RealNickName", "NickName", "JobNumber", "IsTenantManager", "EnableAdminAccess", "OrgId", "Orgs",
  "Groups", "Properties" }
local FILTER_NAMES = { "AutoLockTime", "DesktopCount", "DesktopGroupCount",
  "UserSetPropertiesModels", "SupportLoginIdps", "ExternalInfo" }
table.move(USER_NAMES, 1, #USER_NAMES, #FILTER_NAMES + 1, FILTER_NAMES)
local USER, FILTER = wire.shape(USER_NAMES), wire.shape(FILTER_NAMES)
local ORGS = { { OrgId = ROOT_ORG, OrgName = "root", OrgNamePath = "root" } }

local function group_rows(c, record)
  local out = {}
  for _, id in ipairs(c.group_order) do
    if c.groups[id].members[record.id] then
      out[#out + 1] = { GroupId = id, GroupName = c.groups[id].name }
    end
  end
  return wire.items(out)
end

function M.user_row(c, r)
  return { [true] = USER, Id = FIRST_ID + r.seq, EndUserId = r.id,
    WyId = string.format("wy%016x", r.seq),
    Email = r.email, Phone = r.phone, Status = r.status, OwnerType = r.owner, Remark = r.remark,
    RealNickName = r.nick, NickName = r.nick or r.remark or r.id, JobNumber = r.job,
    IsTenantManager = false, EnableAdminAccess = false, OrgId = ROOT_ORG,
    Orgs = ORGS,
    Groups = group_rows(c, r), Properties = wire.EMPTY }
end

function M.filter_row(c, r)
  local row = M.user_row(c, r)
  row[true] = FILTER
  row.AutoLockTime = r.auto_lock or ""
  row.DesktopCount, row.DesktopGroupCount = 0, 0
  row.UserSetPropertiesModels = wire.EMPTY
  row.SupportLoginIdps = wire.EMPTY
  row.ExternalInfo = { ExternalName = "", JobNumber = r.job or "" }
  return row
end

-- DescribeUser's own form.
function M.detail(r)
  return { EndUserId = r.id, WyId = string.format("wy%016x", r.seq), Email = r.email,
    Phone = r.phone, Status = r.status, Remark = r.remark, NickName = r.nick or r.remark or r.id,
    GmtCreate = CREATED_MS + r.seq, OrgIds = { ROOT_ORG }, OrgPaths = { "root" },
    Properties = wire.EMPTY }
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

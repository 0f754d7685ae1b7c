-- Huawei DataArts Studio: the members of one workspace (huawei.md B). An id is the user_id of a
-- member's row, which for a group is the group's id. There is no call that reads one member, so
-- the list is the lookup and its rows are the snapshots; therefore the list must be complete,
-- and a page that leaves any doubt about that is nonsense rather than the end.
--
-- How many ids one delete takes is not documented. 100 is the page size that is exercised, and
-- the sibling services' limit; 20 is what a call gets unless the policy says otherwise.
local huawei = use "offboard.huawei"
local restore = use "offboard.restore"
local wire = use "offboard.wire"

local page = 100

local function is_group(row)
  return wire.whole(row.type) == 1
end

-- The built-in role admin is r00001 (B); whoever owns the domain administers everything in it. Nil
-- where the row tells no roles; roles that cannot be read may be that one.
local function is_admin(row)
  if wire.flag(row.domain_owner) then
    return true
  elseif row.roles == nil or row.roles == json.null then
    return nil
  elseif not wire.is_list(row.roles) then
    return true
  end
  for _, role in ipairs(row.roles) do
    if wire.is_map(role) and role.role_id == "r00001" then
      return true
    end
  end
  return false
end

-- The offset counts records. `count` may be capped (an old page says 0..100), so a full page is
-- followed by another request even when all of `count` were seen; whether rows and count agree
-- is checked by the engine.
local function next_offset(from, size, count)
  local reached = from + size
  if reached < count or size >= page and from < count then
    return reached
  end
  return nil
end

local function read_list(_, args, answer)
  local from = args.cursor or 0
  local data = wire.list(answer, answer.json, "data")
  local count = data and wire.whole(answer.json.count)
  if not count or count < 0 then
    return nil, "the page has no list `data` or no number `count`"
  elseif #data == 0 and from < count then
    return nil, ("the page at %d is empty, and there are %d members"):format(from, count)
  end
  local people, seen = {}, {}
  for _, row in ipairs(data) do
    local id = wire.is_map(row) and wire.text(row.user_id)
    if not id then
      return nil, "a row has no user_id"
    elseif not seen[id] then
      seen[id] = true
      people[#people + 1] = {
        id = id, state = "active", fields = row, admin = is_admin(row), group = is_group(row),
      }
    end
  end
  return { people = people, total = count, next = next_offset(from, #data, count) }
end

-- HTTP 200 is not success: is_success is. There is no word about single people.
local function verdict(_, _, answer)
  local body = wire.is_map(answer.json) and answer.json or {}
  if body.is_success == true then
    return {}
  elseif body.is_success == false then
    return { meaning = "suspect", message = wire.text(body.message) or "is_success: false" }
  end
  return nil, "the answer has no is_success"
end

-- ---- putting back what was removed ----

local function role_ids(row)
  return restore.ids(row, "roles", "role_id")
end

-- What is shared by all people of one call: kind and roles.
local function sharing(_, snapshot)
  local row = snapshot.fields
  return (is_group(row) and "group " or "user ") .. table.concat(role_ids(row), " ")
end

-- The row's domain_owner is the request's is_domain_owner; what the row lacks is left out.
local function as_user(row)
  return {
    user_id = row.user_id, user_name = restore.value(row, "user_name"),
    domain_id = restore.value(row, "domain_id"),
    domain_name = restore.value(row, "domain_name"),
    is_domain_owner = restore.value(row, "domain_owner"),
  }
end

-- The key `user_ids` holds objects here, where delete-users has texts under it.
local function add_request(target, args)
  local first, roles, users, groups = args.people[1].fields, {}, {}, {}
  for i, id in ipairs(role_ids(first)) do
    roles[i] = { role_id = id }
  end
  for i, snapshot in ipairs(args.people) do
    local row = snapshot.fields
    users[i] = as_user(row)
    groups[i] = { id = row.user_id, name = restore.value(row, "user_name") }
  end
  local group = is_group(first)
  return {
    method = "POST",
    path = wire.path("/v2/{project_id}/{workspace_id}/users", target),
    json = {
      type = group and 1 or 0, roles_ids = roles,
      user_ids = not group and users or nil, groups = group and groups or nil,
    },
  }
end

local function is_added(target, snapshot, row)
  return row.state ~= "absent" and sharing(target, snapshot) == sharing(target, row)
end

-- Whom the token's answer names (C). A key of access says nobody's name: `self` of targets.lua
-- does.
local function own()
  return {
    { field = "user_id", is_id = true, login = "token.user.id" },
    { field = "user_name", credential = "user", login = "token.user.name" },
  }
end

-- An id of IAM: 32 hexadecimal digits (B, C).
local function id_shape()
  return { what = "an id of IAM, 32 hexadecimal digits", min = 32, max = 32,
    chars = "0123456789abcdefABCDEF" }
end

return {
  name = "huawei-dataarts",

  fields = {
    endpoint = "string?",
    region = "string?",
    project_id = "string",
    workspace_id = "string",
    access_key = "credential",
    secret_key = "credential",
    security_token = "credential",
    iam_endpoint = "string?",
    domain = "credential",
    user = "credential",
    password = "credential",
    project = "credential",
  },
  endpoint = { default = "https://dayu.{region}.myhuaweicloud.com" },
  credentials = {
    {
      signer = "huawei_sdk_hmac",
      needs = { "access_key", "secret_key", "project_id" },
      takes = { "security_token" },
    },
    {
      signer = "huawei_iam_token",
      needs = { "domain", "user", "password", "project_id" },
      takes = { "project" },
      login = { field = "iam_endpoint", default = "https://iam.{region}.myhuaweicloud.com" },
    },
  },

  identity = { "user_name", "domain_id", "type" },

  actions = {
    remove = {
      kind = "delete", contract = "one_verdict", max = 100, chunk = 20,
      wants = "absent", repeatable = false, destroys = true,
      undo = { "add" },
      undo_says = {
        keeps = {
          "user_id", "user_name", "domain_id", "domain_name", "display_user_name", "domain_owner",
          "workspace_id", "roles", "type",
        },
        loses = restore.loses {
          { "the membership is a new record", "id", "create_time", "create_user", "update_time",
            "update_user" },
          { "cannot be set", "description" },
        },
      },
      request = function(target, args)
        return {
          method = "POST",
          path = wire.path("/v2/{project_id}/{workspace_id}/delete-users", target),
          json = { user_ids = args.ids },
        }
      end,
      answer = verdict,
    },
    -- The limit is as undocumented as that of delete-users.
    add = {
      kind = "add", contract = "one_verdict", max = 100, chunk = 20,
      wants = "active", repeatable = false, destroys = false,
      from_snapshot = true, holds = is_added, group = sharing,
      request = add_request,
      answer = verdict,
    },
  },

  own = own,
  id_shape = id_shape,

  list = {
    page = page,
    total = true,
    request = function(target, args)
      return {
        method = "GET",
        path = wire.path("/v2/{project_id}/{workspace_id}/users", target),
        query = { { "limit", page }, { "offset", args.cursor or 0 } },
      }
    end,
    answer = read_list,
  },

  reads = {
    -- The roles there are: a list at the top of the answer.
    roles = {
      request = function(target)
        return {
          method = "GET",
          path = wire.path("/v2/{project_id}/users/role", target),
          query = { { "workspace_id", target.workspace_id } },
        }
      end,
      answer = function(_, _, answer)
        if not wire.is_list(answer.json) or answer.body:find("^%s*%[") == nil then
          return nil, "the answer is no list of roles"
        end
        return { data = answer.json }
      end,
    },
  },

  errors = huawei.errors {
    ["DAYU.3601"] = "permission", -- also when the workspace does not exist
    ["DAYU.3531"] = "transient",
    ["DAYU.4402"] = "suspect", -- "The operation failed", and no more
  },
}

-- Alibaba Cloud EDS, the convenience users of cloud desktops: product eds-user 2021-03-08
-- (alibaba.md A). RPC style: POST / with the operation's name, lists flattened as Users.1,
-- Users.2. Names go into the form and paging into the query, as the official SDKs do (A.3).
--
-- Codes say what an error means and HTTP statuses do not (C.2): throttling is a 400, a wrong
-- access key a 404. A snapshot is what FilterUsers tells, because it knows all that a re-creation
-- takes; DescribeUsers, which looks people up, does not show AutoLockTime (A.6). What is put back
-- and how is in lua/offboard/eds_restore.lua.
local restore = use "offboard.eds_restore"
local wire = use "offboard.wire"

local states = { [0] = "active", [9] = "disabled" }

local function call(operation, query, form)
  return {
    method = "POST", path = "/", action = operation, version = "2021-03-08",
    query = query, form = form,
  }
end

local function join(...)
  local all = {}
  for _, list in ipairs { ... } do
    for _, item in ipairs(list) do
      all[#all + 1] = item
    end
  end
  return all
end

-- ---- actions: a verdict for each person, in an HTTP 200 (A.5) ----

-- CreateUsers names those it made by rows, the others by names alone.
local function note_done(verdicts, done)
  for _, one in ipairs(done) do
    local id = wire.text(wire.is_map(one) and one.EndUserId or one)
    if not id then
      return false
    end
    verdicts[id] = { id = id, outcome = "accepted" }
  end
  return true
end

local function note_failed(verdicts, failed)
  for _, one in ipairs(failed) do
    local id = wire.is_map(one) and wire.text(one.EndUserId)
    if not id then
      return false
    end
    verdicts[id] = {
      id = id,
      outcome = verdicts[id] and "doubt" or "refused",
      code = wire.text(one.ErrorCode) or "",
      message = wire.clean(wire.text(one.ErrorMessage) or ""),
    }
  end
  return true
end

-- Whoever is in neither list is in doubt; so is who is in both.
local function per_person(result_name, done_name)
  return function(_, args, answer)
    if not wire.is_map(answer.json) then
      return nil, "the answer is no JSON object"
    end
    local result = answer.json[result_name]
    if result == nil or result == json.null then
      return { rest = "doubt" }
    end
    local done = type(result) == "table" and wire.optional_list(result, done_name)
    local failed = done and wire.optional_list(result, "FailedUsers")
    local verdicts, people = {}, {}
    if not failed or not note_done(verdicts, done) or not note_failed(verdicts, failed) then
      return nil, ("%s has lists of the wrong shape"):format(result_name)
    end
    for _, id in ipairs(args.ids) do
      people[#people + 1] = verdicts[id]
    end
    return { people = people, rest = "doubt" }
  end
end

-- 500 a call since 2025-07, and 100 before: 100 is what a call gets unless the policy says more.
local function action(operation, done_name, facts)
  facts.contract, facts.max, facts.chunk = "per_person", 500, 100
  facts.request = function(_, args)
    return call(operation, {}, wire.numbered("Users", args.ids))
  end
  facts.answer = per_person(operation .. "Result", done_name)
  return facts
end

-- ---- reads ----

-- IsTenantManager is an administrator of the tenant; EnableAdminAccess is not: it makes its
-- holder the administrator of that one desktop (A.3).
local function is_admin(row)
  return wire.flag(row.IsTenantManager)
end

local function people_of(answer)
  local rows = wire.list(answer, answer.json, "Users")
  local people, seen = {}, {}
  for _, row in ipairs(rows or {}) do
    local id = wire.is_map(row) and wire.text(row.EndUserId)
    if not id then
      return nil
    elseif not seen[id] then
      seen[id] = true
      local state = states[wire.whole(row.Status)] or "other"
      people[#people + 1] = { id = id, state = state, fields = row, admin = is_admin(row) }
    end
  end
  return rows and people, seen, rows and #rows
end

-- The next page's token, nil at the end, false when it is none.
local function next_token(answer)
  local token = answer.json.NextToken
  if token == nil or token == json.null or token == "" then
    return nil
  end
  return type(token) == "string" and token
end

-- Absence is concluded only from an answer that is about those asked for, and about nobody else:
-- one that passed over EndUserIds would make leavers vanish.
local function read_lookup(_, args, answer)
  local people, found, rows = people_of(answer)
  if not people then
    return nil, "the answer has no list Users of people with an EndUserId"
  elseif rows > #people then
    return nil, "the answer has somebody twice"
  end
  local more = next_token(answer) ~= nil
  for _, id in ipairs(args.ids) do
    if not found[id] and more then
      return nil, "the answer is not whole, so nobody is absent"
    elseif not found[id] then
      people[#people + 1] = { id = id, state = "absent" }
    end
  end
  if #people > #args.ids then
    return nil, "the answer is about people who were not asked for"
  end
  return { people = people }
end

-- A token that came before would send us round for ever. The cursor keeps one older token to
-- compare with, a newer one each time the number of pages doubles (Brent): every circle is found.
local function read_list(_, args, answer)
  local people = people_of(answer)
  if not people then
    return nil, "the page has no list Users of people with an EndUserId"
  end
  local token, cursor = next_token(answer), args.cursor or { pages = 0, mark_at = 1 }
  if token == nil then
    return { people = people }
  elseif not token then
    return nil, "NextToken is no text"
  elseif token == cursor.token or token == cursor.mark then
    return nil, "the list repeats its NextToken"
  end
  local pages, mark, mark_at = cursor.pages + 1, cursor.mark, cursor.mark_at
  if pages == mark_at then
    mark, mark_at = token, mark_at * 2
  end
  return {
    people = people,
    next = { token = token, mark = mark, mark_at = mark_at, pages = pages },
  }
end

-- ---- which raw requests only read ----

local read_words = { "Describe", "Filter", "List", "Get", "Check", "Query" }

local function reads(operation)
  for _, word in ipairs(read_words) do
    if operation:sub(1, #word) == word and operation:find("^%u", #word + 1) then
      return true
    end
  end
  return false
end

-- The operation may stand in any of four places, and GET removes users as well as POST does: a
-- request reads when every operation it names reads, and it names one.
local function is_read(request)
  if request.opaque then
    return false -- a body that is no form: nobody knows what it names
  end
  local named = join({ request.action }, { request.headers["x-acs-action"] })
  for _, pair in ipairs(join(request.query, request.form)) do
    if pair[1]:lower() == "action" then
      named[#named + 1] = pair[2]
    end
  end
  for _, operation in ipairs(named) do
    if not reads(operation) then
      return false
    end
  end
  return #named > 0
end

-- ---- errors ----

local function between(text, open, close)
  local _, from = text:find(open, 1, true)
  local to = from and text:find(close, from, true)
  return to and text:sub(from + 1, to - 1) or nil
end

local entities = { lt = "<", gt = ">", quot = '"', apos = "'", amp = "&" }

-- The gateway answers some errors in XML, whatever was asked for (C.1).
local function error_of(answer)
  if answer.json ~= nil then
    return wire.find_error(answer.json)
  end
  local text = answer.body:sub(1, 4000)
  local code = text:find("<Error>", 1, true) and between(text, "<Code>", "</Code>")
  if not code then
    return nil
  end
  local message = between(text, "<Message>", "</Message>") or ""
  return code, (message:gsub("&(%a+);", entities))
end

-- Milliseconds, unlike Retry-After (C.3).
local function retry_after(headers)
  local text = headers["x-acs-retry-after"] or ""
  if #text <= 9 and text:find("^%d+$") then
    return tonumber(text)
  end
  local limits = headers["x-ratelimit-user-api"] or headers["x-ratelimit-user"] or ""
  local left = limits:sub(-80):match("TimeLeft:(%d+)")
  return left and #left <= 9 and tonumber(left) or nil
end

return {
  name = "alibaba-eds",

  fields = {
    endpoint = "string?",
    region = "string?",
    signature = { type = "string", one_of = { "acs3", "rpc-v1" }, default = "acs3" },
    access_key_id = "credential",
    access_key_secret = "credential",
    security_token = "credential",
  },
  -- Only two hosts exist (A.2). The user directory is one for the whole account.
  endpoint = {
    default = "https://eds-user.{region}.aliyuncs.com",
    regions = { "cn-shanghai", "ap-southeast-1" },
  },
  credentials = {
    {
      signer = "acs3_hmac_sha256", when = { signature = "acs3" },
      needs = { "access_key_id", "access_key_secret" }, takes = { "security_token" },
    },
    {
      signer = "alibaba_rpc_v1", when = { signature = "rpc-v1" },
      needs = { "access_key_id", "access_key_secret" }, takes = { "security_token" },
    },
  },

  identity = { "WyId", "RealNickName", "Email", "Phone", "OwnerType" },

  actions = {
    lock = action("LockUsers", "LockedUsers", {
      kind = "disable", wants = "disabled", undo = { "unlock" },
      repeatable = true, destroys = false,
    }),
    unlock = action("UnlockUsers", "UnlockedUsers", {
      kind = "enable", wants = "active", undo = { "lock" },
      repeatable = true, destroys = false,
    }),
    -- An account is made unlocked; `lock` is for those who were locked.
    remove = action("RemoveUsers", "RemovedUsers", {
      kind = "delete", wants = "absent", repeatable = false, destroys = true,
      undo = { "add", "lock" }, undo_says = restore.undo_of_remove,
    }),
    -- 100 a call since 2024-12, and 20 before: 20 is what a call gets.
    add = {
      kind = "add", contract = "per_person", max = 100, chunk = 20,
      wants = "active", repeatable = false, destroys = false,
      from_snapshot = true, holds = restore.holds, group = restore.group,
      request = function(_, args)
        return call("CreateUsers", restore.query(args), restore.form(args))
      end,
      answer = per_person("CreateResult", "CreatedUsers"),
    },
  },

  -- Users who log in to desktops are not those whose keys sign: no own(). CreateUsers takes 3 to 24
  -- of a-z 0-9 _, but accounts of other kinds are in use (A.4): only what can be no name of any is
  -- refused here.
  id_shape = function()
    return { what = "an EndUserId, without blanks and in ASCII", min = 1, max = 256,
      chars = wire.visible }
  end,

  lookup = {
    max = 100,
    request = function(_, args)
      return call("DescribeUsers", { { "MaxResults", 500 } },
        wire.numbered("EndUserIds", args.ids))
    end,
    answer = read_lookup,
  },

  -- All parameters of this one go into the query (A.3); a page has no more than 100.
  snapshot = {
    max = 100,
    request = function(_, args)
      return call("FilterUsers", join({
        { "MaxResults", 100 }, { "IncludeOrgInfo", true }, { "IncludeDesktopCount", true },
        { "IncludeDesktopGroupCount", true }, { "IncludeSupportIdps", true },
      }, wire.numbered("IncludeEndUserIds", args.ids)))
    end,
    answer = read_lookup,
  },

  list = {
    page = 500,
    total = false,
    request = function(_, args)
      local query = { { "MaxResults", 500 } }
      if args.cursor then
        query[2] = { "NextToken", args.cursor.token }
      end
      return call("DescribeUsers", query)
    end,
    answer = read_list,
  },

  is_read = is_read,
  error_of = error_of,
  retry_after = retry_after,

  errors = {
    ["*Throttling*"] = "throttled",
    SignatureDoesNotMatch = "credential",
    IncompleteSignature = "credential",
    InvalidAccessKeySecret = "credential",
    ["InvalidTimeStamp*"] = "credential",
    ["InvalidAccessKeyId*"] = "credential", -- .NotFound comes with a 404
    ["InvalidSecurityToken*"] = "credential",
    MissingSecurityToken = "credential",
    SignatureNonceUsed = "transient", -- an earlier copy of this very request arrived
    ["Forbidden*"] = "permission",
    ["NoPermission*"] = "permission",
    ["Missing*"] = "request",
    ["InvalidParameter*"] = "request",
    ["InvalidApi*"] = "request",
    ["InvalidProduct*"] = "request",
    ["InvalidProtocol*"] = "request",
    InternalError = "transient",
    INTERNAL_ERROR = "transient", -- comes with a 400
    ServiceUnavailable = "transient",
    InvalidUsername = "person",
    ExistedEndUserId = "person",
  },
}

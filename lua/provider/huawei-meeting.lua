-- Huawei Cloud Meeting (huawei.md A). An id is the user's account; with account_type = 1 it is
-- the third-party account that App ID logins know people by. Lists name normal users only
-- (userType 2): rooms, TVs and IdeaHubs are found by lookup, not by list.
--
-- The documents disagree about what a delete answers when some of a chunk fail: nothing at all,
-- or the ones that failed, in a shape nobody wrote down. So every 200 is read for the names of
-- people we sent (A.2, A.3), and the engine reads the cloud back.
local huawei = use "offboard.huawei"
local restore = use "offboard.restore"
local wire = use "offboard.wire"

local states = { [0] = "active", [1] = "disabled" }

local function batch(method, path)
  return function(target, args)
    return {
      method = method,
      path = path,
      query = { { "accountType", target.account_type } },
      json = args.ids,
    }
  end
end

-- No body: everybody was accepted. Else whoever is named failed, unless a list says otherwise.
local function verdicts(_, args, answer)
  if answer.blank then
    return {}
  elseif answer.json == nil or type(answer.json) ~= "table" and type(answer.json) ~= "string" then
    return nil, "the body is neither empty nor a list of people"
  end
  local by_id, stranger = wire.named(args.ids, answer.json)
  if type(answer.json) == "string" and next(by_id) == nil then
    return nil, "the body is a text that names nobody"
  end
  return { people = wire.verdicts(args.ids, by_id), rest = stranger and "doubt" or "accepted" }
end

local function id_of(target, row)
  return row[target.account_type == 1 and "thirdAccount" or "userAccount"]
end

-- All fields as they came, and `admin`: is this one an administrator? adminType is 0 for the
-- default administrator, 1 for the others and 2 for everybody else (A.4); what nobody wrote down,
-- number or not, is an administrator's until it is known.
local function person(id, row)
  local rank, kind = wire.whole(row.adminType), row.userType
  if row.adminType ~= nil and row.adminType ~= json.null then
    row.admin = rank ~= 2
  end
  return {
    id = id, state = states[wire.whole(row.status)] or "other", fields = row, admin = row.admin,
    listed = kind == nil or wire.whole(kind) == 2,
  }
end

-- Whom the login's answer names (A.1.1); with a password, also who was to log in. An App ID login
-- without userId is that of the default administrator, the one with adminType 0.
local function own(target, signer)
  local third = target.account_type == 1
  return {
    signer == "huawei_meeting_app_id" and { field = "adminType", is = "0" }
      or { field = "userAccount", is_id = not third, credential = "account" },
    { field = "userAccount", is_id = not third, login = "user.ucloginAccount" },
    { field = "thirdAccount", is_id = third, login = "user.thirdAccount" },
    { field = "id", login = "user.userId" },
  }
end

-- AddUser takes A-Z a-z 0-9 _ - . @ (A.4). The cloud itself makes accounts too, by no rule that is
-- written down, so that only what is far from it is refused: a name, a blank, another alphabet. A
-- third-party account is whatever the company calls its people.
local function id_shape(target)
  if target.account_type == 1 then
    return { what = "a third-party account, up to 64 characters without blanks", min = 1,
      max = 64 * 4, chars = wire.visible .. wire.beyond }
  end
  return { what = "a Meeting account, up to 64 letters, digits and signs", min = 1, max = 64,
    chars = wire.visible }
end

-- One account with all its fields: what looks somebody up and what remembers them (A.4).
local detail = {
  max = 1, ranks = true,
  request = function(target, args)
    return {
      method = "GET",
      path = wire.path("/v1/usg/dcs/corp/member/{account}", { account = args.ids[1] }),
      query = { { "accountType", target.account_type } },
    }
  end,
  answer = function(target, args, answer)
    local row = wire.is_map(answer.json) and answer.json or nil
    if not row or id_of(target, row) ~= args.ids[1] then
      return nil, "the answer is not about the account that was asked for"
    end
    return { people = { person(args.ids[1], row) } }
  end,
}

-- People without a third-party account cannot be named when ids are third-party accounts.
local function rows_of(target, data)
  local people, seen = {}, {}
  for _, row in ipairs(data) do
    local id = wire.is_map(row) and id_of(target, row)
    local nameless = target.account_type == 1 and (id == nil or id == json.null or id == "")
    if not nameless and not wire.text(id) then
      return nil
    elseif not nameless and not seen[id] then
      seen[id] = true
      people[#people + 1] = person(id, row)
    end
  end
  return people
end

-- Where a page begins, and what was counted before.
local function offset_of(cursor)
  if type(cursor) == "table" then
    return cursor.offset, cursor.count
  end
  return cursor or 0
end

-- Past the end the last page comes again (A.4), so `count` ends the list and not an empty page.
-- It counts people without a third-party account too, so where those are passed over it is no
-- total that the rows could add up to, and the cursor remembers it: a count that falls while the
-- pages are read would end the list early.
local function read_list(target, args, answer)
  local from, before = offset_of(args.cursor)
  local data = wire.list(answer, answer.json, "data")
  local count = data and wire.whole(answer.json.count)
  if not count or count < 0 then
    return nil, "the page has no list `data` or no number `count`"
  end
  local by_account = target.account_type == 0
  local total = by_account and count or -1
  if before and before ~= count then
    return nil, ("the count was %d and is %d: it changes while the pages are read"):format(before,
      count)
  end
  if from > 0 and from >= count then
    return { people = {}, total = total }
  end
  local people = rows_of(target, data)
  if not people then
    return nil, "a row has no account"
  elseif #data == 0 and from < count then
    return nil, ("the page at %d is empty, and there are %d people"):format(from, count)
  end
  local reached = from + #data
  local next_page = by_account and reached or { offset = reached, count = count }
  return { people = people, total = total, next = reached < count and next_page or nil }
end

-- ---- putting back what was deleted (A.4) ----

-- What AddUser takes under the name that the detail has for it, and what the cloud makes of
-- nothing. `userAccount` it calls `account`.
local added_fields = {
  { "userAccount" }, { "thirdAccount" }, { "name" }, { "englishName" }, { "phone" },
  { "country", "chinaPR" }, { "email" }, { "deptCode", "1" }, { "signature" }, { "title" },
  { "desc" }, { "status", 0 }, { "sortLevel", 10000 }, { "hidePhone", false },
}

-- Is the account one that a whiteboard logs in with? It uses up a licence, so it is asked for
-- only where it was so.
local function is_room(row)
  return type(row["function"]) == "table" and row["function"].enableRoom == true
end

-- sendNotify "0", or the person gets mail and SMS about the new account. No password is sent: the
-- cloud makes one, which without notice nobody learns.
local function add_request(_, args)
  local row, body = args.people[1].fields, { sendNotify = "0" }
  for _, field in ipairs(added_fields) do
    body[field[1]] = restore.value(row, field[1])
  end
  body.account, body.userAccount = body.userAccount, nil
  if is_room(row) then
    body["function"] = { enableRoom = true }
  end
  return { method = "POST", path = "/v1/usg/dcs/corp/member", json = body }
end

local function added(target, args, answer)
  local row = wire.is_map(answer.json) and answer.json or nil
  if not row or id_of(target, row) ~= args.ids[1] then
    return nil, "the answer is not about the account that was to be made"
  end
  return {}
end

local function is_added(_, snapshot, row)
  return row.state ~= "absent" and is_room(snapshot.fields) == is_room(row.fields)
    and restore.agree(added_fields, snapshot.fields, row.fields)
end

-- Personal meeting IDs (vmrMode 0) come with the account and webinar rooms (2) with no call.
local function cloud_rooms(row)
  return restore.ids(row, "vmrList", "id", function(room)
    return wire.whole(room.vmrMode) == 1
  end)
end

local function was_admin(row)
  return wire.whole(row.adminType) == 1
end

local undo_of_delete = {
  keeps = {
    "userAccount", "thirdAccount", "name", "englishName", "phone", "country", "email", "deptCode",
    "deptName", "deptNamePath", "userType", "adminType", "signature", "title", "desc", "function",
    "status", "sortLevel", "hidePhone",
  },
  loses = restore.loses {
    { "a new one is made and sent to nobody; the person has to reset it", "password" },
    { "the cloud gives a new one", "id", "sipNum", "vmrId" },
    { "cloud rooms that are still free come back; the personal meeting ID is a new one, and "
      .. "webinar rooms stay with the company", "vmrList" },
    { "begins anew", "activeTime", "license" },
    { "cannot be set", "visionAccount", "corp", "devType", "expireTime", "activeCode",
      "activeCodeExpireTime" },
  },
}

local action = { contract = "detect", max = 100, answer = verdicts }

local function make(fields)
  for name, value in pairs(action) do
    fields[name] = value
  end
  return fields
end

-- One person a call, and nothing that two could not share.
local function make_back(fields)
  fields.kind, fields.wants, fields.contract, fields.max = "add", "active", "all_or_nothing", 1
  fields.repeatable, fields.destroys, fields.from_snapshot = false, false, true
  fields.group = function()
    return ""
  end
  return fields
end

-- The two helpers answer nothing; what they did is read back.
local function said_nothing()
  return {}
end

return {
  name = "huawei-meeting",

  fields = {
    endpoint = "string?",
    account_type = { type = "integer", one_of = { 0, 1 }, default = 0 },
    app_id = "credential",
    app_key = "credential",
    corp_id = "credential",
    account = "credential",
    password = "credential",
  },
  -- China site; the international one is https://api-intl.meeting.huaweicloud.com.
  endpoint = { default = "https://api.meeting.huaweicloud.com" },
  credentials = {
    { signer = "huawei_meeting_app_id", needs = { "app_id", "app_key" }, takes = { "corp_id" } },
    { signer = "huawei_meeting_account", needs = { "account", "password" }, takes = { "corp_id" } },
  },

  identity = { "id", "name", "email", "phone", "thirdAccount", "adminType" },

  actions = {
    disable = make {
      kind = "disable", wants = "disabled", undo = { "enable" },
      repeatable = true, destroys = false,
      request = batch("PUT", "/v1/usg/dcs/corp/member/status/1"),
    },
    enable = make {
      kind = "enable", wants = "active", undo = { "disable" },
      repeatable = true, destroys = false,
      request = batch("PUT", "/v1/usg/dcs/corp/member/status/0"),
    },
    delete = make {
      kind = "delete", wants = "absent", repeatable = false, destroys = true,
      undo = { "add", "add_rooms", "add_admin" }, undo_says = undo_of_delete,
      request = batch("POST", "/v1/usg/dcs/corp/member/delete"),
    },
    add = make_back { request = add_request, answer = added, holds = is_added },
    add_rooms = make_back {
      extra = true,
      request = function(target, args)
        return {
          method = "POST",
          path = wire.path("/v1/usg/dcs/corp/vmr/assign-to-member/{account}",
            { account = args.ids[1] }),
          query = { { "accountType", target.account_type } },
          json = cloud_rooms(args.people[1].fields),
        }
      end,
      answer = said_nothing,
      holds = function(_, snapshot, row)
        return restore.within(cloud_rooms(snapshot.fields), cloud_rooms(row.fields))
      end,
    },
    -- Only the default administrator may do this.
    add_admin = make_back {
      extra = true,
      request = function(target, args)
        return {
          method = "POST",
          path = "/v1/usg/dcs/corp/admin",
          query = { { "accountType", target.account_type } },
          json = { account = args.ids[1] },
        }
      end,
      answer = said_nothing,
      holds = function(_, snapshot, row)
        return not was_admin(snapshot.fields) or was_admin(row.fields)
      end,
    },
  },

  own = own,
  id_shape = id_shape,

  -- A row of the list has no rooms and no devices: a snapshot is always the detail.
  lookup = detail,
  snapshot = { max = detail.max, request = detail.request, answer = detail.answer },

  list = {
    page = 500,
    total = true,
    request = function(_, args)
      return {
        method = "GET",
        path = "/v1/usg/dcs/corp/member",
        query = { { "offset", (offset_of(args.cursor)) }, { "limit", 500 } },
      }
    end,
    answer = read_list,
  },

  -- The batch query of people is a POST and changes nothing (A.4).
  is_read = function(request)
    return request.method == "GET" or request.method == "HEAD"
      or request.method == "POST" and request.path == "/v1/usg/abs/users/list"
  end,

  -- The second half are codes of the client SDKs, which REST is thought to prefix (A.2).
  errors = huawei.errors {
    ["USG.201040000"] = "absent", -- comes with HTTP 400, not 404
    ["USG.201040001"] = "person", -- exists already
    ["USG.000000004"] = "token",
    ["*100000429"] = "throttled",
    ["*206010000"] = "credential", -- wrong user name or password
    ["*206010025"] = "credential", -- App ID verification failed
    ["*206010057"] = "credential", -- App ID signature expired
    ["*206010058"] = "credential", -- App ID not bound
    ["*206010064"] = "credential", -- wrong site
    ["*206030000"] = "person",     -- user does not exist
    ["*111070001"] = "request",
  },
}

-- The people of the simulated Huawei Cloud Meeting: what a record holds, how the three forms of the
-- API show it, and what AddUser and ModUser accept (api/huawei.md A.4). No HTTP, no permissions.

local wire = use "sim.wire"
local register = use "sim.register"

local M = {}

local format, find, sub = string.format, string.find, string.sub

local function uuid(n)
  return format("5f9a1c3e-7d42-4b6a-9e01-%012x", n)
end

-- A UUID of ours back to the record's number, or nil.
local function number_of(id)
  if #id == 36 and sub(id, 1, 24) == "5f9a1c3e-7d42-4b6a-9e01-" then
    return tonumber(sub(id, 25), 16)
  end
  return nil
end

-- Puts a record among the people; `account` is unique in the whole system, `third` in the company.
function M.insert(c, record)
  register.add(c.users, record.account, record)
  c.by_number[record.seq] = record
  if record.third then
    c.by_third[record.third] = record
  end
  return record
end

function M.delete(c, record)
  register.remove(c.users, record.account)
  c.by_number[record.seq] = nil
  if record.third then
    c.by_third[record.third] = nil
  end
  for _, room in ipairs(record.rooms or {}) do
    room.owner = nil
  end
end

-- Some people have what most leave empty, so that what a restore forgets is seen.
local function extras(p, record)
  record.title = p.n % 3 == 0 and "Engineer" or nil
  record.signature = p.n % 4 == 0 and "Best regards, " .. p.english or nil
  record.desc = p.n % 5 == 0 and "floor " .. p.n % 7 or nil
  record.hide_phone = p.n % 6 == 0
  record.level = p.n % 8 == 0 and 1 + p.n % 500 or 10000
  return record
end

function M.person(c, p)
  local record = M.insert(c, extras(p, { account = p.meeting, third = p.employee, name = p.name,
    english = p.english, phone = p.phone, country = "chinaPR", email = p.email,
    dept = tostring(1 + p.n % 8), admin = 2, status = 0 }))
  if p.n % 10 == 0 then
    local room = { id = uuid(1000000000 + p.n), number = tostring(960000000 + p.n),
      owner = record }
    c.rooms[room.id] = room
    c.room_order[#c.room_order + 1] = room
    record.rooms = { room }
  end
end

-- accountType 0 names accounts, 1 names third-party ids; nothing is guessed.
function M.find(c, id, account_type)
  if account_type == 1 then
    return c.by_third[id]
  end
  return register.get(c.users, id)
end

-- The abs/users calls name people by user id or account, or by third-party id.
function M.find_abs(c, id, id_type)
  if id_type == "THIRD_ACCOUNT" then
    return c.by_third[id]
  end
  local number = number_of(id)
  return register.get(c.users, id) or (number and c.by_number[number])
end

-- ---- how the API shows them ----

local ROW_NAMES = { "id", "userAccount", "name", "englishName", "phone", "country", "email",
  "vmrId", "deptCode", "deptNamePath", "userType", "adminType", "signature", "title", "desc",
  "status",
  "sortLevel", "hidePhone", "thirdAccount", "license", "activeTime" }
local DETAIL_NAMES = { "sipNum", "deptName", "function", "visionAccount", "vmrList" }
table.move(ROW_NAMES, 1, #ROW_NAMES, #DETAIL_NAMES + 1, DETAIL_NAMES)
local ROW, DETAIL = wire.shape(ROW_NAMES), wire.shape(DETAIL_NAMES)

function M.row(r)
  return {
    [true] = ROW,
    id = uuid(r.seq), userAccount = r.account, name = r.name, englishName = r.english,
    phone = r.phone, country = r.country or "chinaPR", email = r.email,
    vmrId = tostring(970000000 + r.seq),
    deptCode = r.dept, deptNamePath = "Corp", userType = 2, adminType = r.admin,
    signature = r.signature or "", title = r.title or "", desc = r.desc or "", status = r.status,
    sortLevel = r.level, hidePhone = r.hide_phone or false, thirdAccount = r.third, license = 0,
    activeTime = 1700000000000 + r.seq,
  }
end

local function room_dto(room, mode, status)
  return { id = room.id, vmrId = room.number, vmrName = "Room " .. room.number, vmrMode = mode,
    vmrPkgId = "pkg-1", vmrPkgName = "Standard", vmrPkgParties = 100, vmrPkgLength = 1440,
    status = status }
end

function M.room(room)
  return room_dto(room, 1, room.owner and 0 or 2)
end

function M.detail(r)
  local dto = M.row(r)
  dto[true] = DETAIL
  dto.sipNum = format("+9910%07d", r.seq)
  dto.deptName = "Department " .. r.dept
  dto["function"] = { enableRoom = r.enable_room or false }
  dto.visionAccount = wire.NULL
  local rooms = { room_dto({ id = uuid(2000000000 + r.seq), number = dto.vmrId }, 0, 0) }
  for _, room in ipairs(r.rooms or {}) do
    rooms[#rooms + 1] = M.room(room)
  end
  dto.vmrList = rooms
  return dto
end

local BRIEF = wire.shape({ "id", "statusCode", "account", "name", "englishName", "email", "phone",
  "deptName", "number", "updateTime", "vmrId", "signature", "title", "description", "hidePhone",
  "type", "deptCodes" })

-- The directory's shorter form; `id` is what was asked for.
function M.brief(r, id)
  return {
    [true] = BRIEF,
    id = id, statusCode = 0, account = r.account, name = r.name, englishName = r.english,
    email = r.email, phone = r.phone, deptName = "Department " .. r.dept, number = "",
    updateTime = 1700000000000, vmrId = tostring(970000000 + r.seq), signature = "",
    title = r.title or "", description = r.desc or "", hidePhone = r.hide_phone or false,
    type = "NORMAL_USER", deptCodes = { r.dept },
  }
end

function M.abs_row(r)
  return M.brief(r, uuid(r.seq))
end

-- ---- what may be written ----

local LENGTHS = { name = 64, account = 64, thirdAccount = 64, englishName = 64, email = 255,
  deptCode = 32, country = 255, signature = 512, title = 32, desc = 128, phone = 32 }

local function lengths_wrong(dto)
  for field, max in pairs(LENGTHS) do
    local value = dto[field]
    if type(value) == "string" and utf8.len(value) and utf8.len(value) > max then
      return field .. " is too long"
    end
  end
  return nil
end

-- [A-Za-z0-9_-.@], not all digits, and no '.' right after the '@'.
local function account_ok(account)
  return not find(account, "[^A-Za-z0-9_%-.@]") and find(account, "[^0-9]") ~= nil
    and not find(account, "@.", 1, true)
end

local function classes_of(text)
  local n = 0
  for _, class in ipairs({ "%l", "%u", "%d", "[^%w]" }) do
    n = n + (find(text, class) and 1 or 0)
  end
  return n
end

local function password_wrong(pwd, account)
  if #pwd < 8 or #pwd > 32 or classes_of(pwd) < 2 then
    return "pwd must have 8 to 32 characters of two classes"
  end
  if account and (pwd == account or pwd == string.reverse(account)) then
    return "pwd must not be the account"
  end
  return nil
end

local function numbers_wrong(dto)
  local status, level = dto.status, dto.sortLevel
  if status ~= nil and status ~= 0 and status ~= 1 then
    return "status must be 0 or 1"
  elseif level ~= nil and not (wire.int(level) and level >= 1 and level <= 10000) then
    return "sortLevel must be 1 to 10000"
  elseif dto.hidePhone ~= nil and type(dto.hidePhone) ~= "boolean" then
    return "hidePhone must be true or false"
  end
  return nil
end

local function phone_wrong(dto)
  if not wire.text(dto.phone) then
    return nil
  elseif not find(dto.phone, "^%+?%d+$") then
    return "phone must have digits only"
  end
  return not wire.text(dto.country) and "country is missing" or nil
end

-- What is wrong with an AddUserDTO, or nil.
function M.add_wrong(dto)
  if not wire.text(dto.name) or dto.name == "" then
    return "name is missing"
  end
  if not wire.text(dto.phone) and not wire.text(dto.email) then
    return "phone or email is missing"
  end
  if wire.text(dto.account) and not account_ok(dto.account) then
    return "account has an illegal form"
  end
  return phone_wrong(dto) or numbers_wrong(dto) or lengths_wrong(dto)
    or (wire.text(dto.pwd) and password_wrong(dto.pwd, dto.account))
end

function M.modify_wrong(dto)
  if dto.name ~= nil and (not wire.text(dto.name) or dto.name == "") then
    return "name is empty"
  end
  return lengths_wrong(dto)
end

-- Fields of a ModUserDTO; what is left out falls back to the documented defaults, which is why a
-- careful client sends everything.
function M.modify(r, dto)
  for field, key in pairs({ name = "name", englishName = "english", phone = "phone",
    country = "country",
    email = "email", signature = "signature", title = "title", desc = "desc" }) do
    r[key] = wire.text(dto[field]) or r[key]
  end
  r.dept = wire.text(dto.deptCode) or "1"
  r.status = wire.int(dto.status) or 0
  r.level = wire.int(dto.sortLevel) or 10000
  if type(dto.hidePhone) == "boolean" then
    r.hide_phone = dto.hidePhone
  end
end

function M.from_dto(dto, account)
  return { account = account, third = wire.text(dto.thirdAccount), name = dto.name,
    english = wire.text(dto.englishName) or "", phone = wire.text(dto.phone),
    email = wire.text(dto.email), dept = wire.text(dto.deptCode) or "1", admin = 2,
    status = wire.int(dto.status) or 0, level = wire.int(dto.sortLevel) or 10000,
    signature = wire.text(dto.signature), title = wire.text(dto.title),
    desc = wire.text(dto.desc), pwd = wire.text(dto.pwd), country = wire.text(dto.country),
    hide_phone = dto.hidePhone == true,
    enable_room = type(dto["function"]) == "table" and dto["function"].enableRoom == true }
end

-- ---- the list ----

local function contains(text, key)
  return text ~= nil and find(string.lower(text), key, 1, true) ~= nil
end

-- Fuzzy over name, phone, email, account and third-party id.
function M.matches(r, key)
  return contains(r.name, key) or contains(r.english, key) or contains(r.phone, key)
    or contains(r.email, key) or contains(r.account, key) or contains(r.third, key)
end

local SORT_KEYS = { userType = "seq", adminType = "admin", ldapAccount = "account",
  deptCode = "dept", status = "status", sortLevel = "level" }

-- A sorted copy; equal ones stay in order of arrival.
function M.sorted(list, field, ascending)
  local key = SORT_KEYS[field]
  if not key then
    return list
  end
  local copy = {}
  for i, record in ipairs(list) do
    copy[i] = record
  end
  table.sort(copy, function(a, b)
    if a[key] == b[key] then
      return a.seq < b.seq
    end
    if ascending then
      return a[key] < b[key]
    end
    return a[key] > b[key]
  end)
  return copy
end

return M

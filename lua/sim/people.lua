-- The directory all simulated clouds share: N invented people from a seed, or rows that were given.
-- A person has one id in each cloud; an id that is nil means "not in that cloud". Names come from
-- two short lists, so they repeat, as names do; ids never repeat.

local M = {}

local format, sub, lower = string.format, string.sub, string.lower

local FAMILY = { { "Wang", "王" }, { "Li", "李" }, { "Zhang", "张" }, { "Liu", "刘" },
  { "Chen", "陈" }, { "Yang", "杨" }, { "Huang", "黄" }, { "Zhao", "赵" }, { "Wu", "吴" },
  { "Zhou", "周" }, { "Xu", "徐" }, { "Sun", "孙" }, { "Ma", "马" }, { "Zhu", "朱" },
  { "Hu", "胡" }, { "Guo", "郭" }, { "He", "何" }, { "Lin", "林" }, { "Luo", "罗" },
  { "Gao", "高" } }
local GIVEN = { { "Wei", "伟" }, { "Fang", "芳" }, { "Na", "娜" }, { "Min", "敏" },
  { "Jing", "静" }, { "Li", "丽" }, { "Qiang", "强" }, { "Lei", "磊" }, { "Jun", "军" },
  { "Yang", "洋" }, { "Yong", "勇" }, { "Yan", "艳" }, { "Jie", "杰" }, { "Juan", "娟" },
  { "Tao", "涛" }, { "Ming", "明" }, { "Chao", "超" }, { "Xiulan", "秀兰" }, { "Xia", "霞" },
  { "Ping", "平" }, { "Gang", "刚" }, { "Guiying", "桂英" }, { "Hong", "红" }, { "Bo", "波" } }

local function iam_id(seed, n)
  return sub(digest.sha256_hex("iam/" .. seed .. "/" .. n), 1, 32)
end

-- One in seven signs in with a mail address: '@' must be percent-encoded in a path.
local function invent(seed, n, random)
  local family, given = FAMILY[random(#FAMILY)], GIVEN[random(#GIVEN)]
  local short = format("%s.%s.%04d", lower(given[1]), lower(family[1]), n)
  local email = short .. "@corp.example"
  return {
    n = n,
    invented = true,
    employee = format("E%05d", n),
    name = family[2] .. given[2],
    english = given[1] .. " " .. family[1],
    email = email,
    phone = format("+86138%08d", n),
    meeting = n % 7 == 0 and email or short,
    iam = iam_id(seed, n),
    desktop = format("%s%s_%04d", lower(family[1]), lower(given[1]), n),
  }
end

function M.invent(seed, count)
  local random = digest.random("people/" .. seed)
  local list = {}
  for n = 1, count do
    list[n] = invent(seed, n, random)
  end
  return list
end

-- The first of these columns that the row has; "" means that the person has none.
local function cell(row, names, fallback)
  for _, name in ipairs(names) do
    local text = row[name]
    if type(text) == "string" then
      if text == "" then
        return nil
      end
      return text
    end
  end
  return fallback
end

-- What an account says in the letters that a desktop's user name may have.
local function plain(text)
  return sub((string.gsub(lower(text), "[^a-z0-9_]", "_")), 1, 24)
end

local function from_row(row, seed, n)
  local meeting = cell(row, { "meeting_account", "account" })
  local employee = cell(row, { "employee" }, format("E%05d", n))
  local key = meeting or employee
  return {
    n = n,
    employee = employee,
    name = cell(row, { "name" }, key),
    english = cell(row, { "english_name", "name" }, key),
    email = cell(row, { "email" }, plain(key) .. "@corp.example"),
    phone = cell(row, { "phone" }, format("+86138%08d", n)),
    meeting = meeting,
    iam = cell(row, { "iam_user_id", "user_id" }, iam_id(seed, n)),
    desktop = cell(row, { "desktop_user", "end_user_id" }, plain(key)),
  }
end

local KEYS = { "employee", "meeting", "iam", "desktop" }

-- Puts a person at the end of the list, whose ids are in `seen`; else the id that is there already
-- and the place of who has it.
local function put(list, seen, person)
  for _, key in ipairs(KEYS) do
    local mark = person[key] and key .. "/" .. person[key]
    if mark and seen[mark] then
      return person[key], seen[mark]
    end
  end
  list[#list + 1] = person
  for _, key in ipairs(KEYS) do
    if person[key] then
      seen[key .. "/" .. person[key]] = #list
    end
  end
  return nil
end

-- Rows by column name, as --from reads them. nil and a message when two share an id. With `others`
-- so many are invented besides, and a second row with an id is nobody new.
function M.from_rows(rows, seed, others)
  local list, seen = {}, {}
  for n, row in ipairs(rows) do
    local id, place = put(list, seen, from_row(row, seed, n))
    if id and not others then
      return nil, format("row %d: '%s' stands in row %d already", n, id, place)
    end
  end
  local random = digest.random("people/" .. seed)
  for n = #rows + 1, #rows + (others or 0) do
    local person = invent(seed, n, random)
    if #rows > 0 then
      person.employee = format("O%05d", n)
    end
    put(list, seen, person)
  end
  return list
end

-- ---- what a real cloud said ----

local KEY_OF = { meeting = "meeting", studio = "iam", desktops = "desktop" }

local function text(value, fallback)
  return type(value) == "string" and value ~= "" and value or fallback
end

-- Somebody of whom only one cloud knows.
local function stranger(row, key, n)
  local f = type(row.fields) == "table" and row.fields or {}
  local name = text(f.name, text(f.RealNickName, text(f.NickName, text(f.user_name, row.id))))
  return { n = n, employee = format("X%05d", n), name = name,
    english = text(f.englishName, name), email = text(f.email, text(f.Email)),
    phone = text(f.phone, text(f.Phone)), [key] = row.id }
end

-- Rows { id, state, fields } of a cloud's directory: it has these people and no others. Whoever of
-- the list has such an id is that person.
function M.from_export(list, cloud, rows)
  local key, at = KEY_OF[cloud], {}
  for _, person in ipairs(list) do
    if person[key] then
      at[person[key]] = person
      person[key] = nil
    end
  end
  for n, row in ipairs(rows) do
    if type(row.id) ~= "string" or row.id == "" then
      return nil, format("%s: person %d has no id", cloud, n)
    end
    local person = at[row.id]
    if not person then
      person = stranger(row, key, #list + 1)
      list[#list + 1], at[row.id] = person, person
    end
    person[key] = row.id
    person.as = person.as or {}
    person.as[cloud] = { state = row.state,
      admin = row.admin == true or type(row.fields) == "table"
        and (row.fields.admin == true or row.fields.admin == "true") }
  end
  return list
end

-- Of those who were invented, one in `every` is switched off already, as in every real directory.
function M.switch_off(list, every)
  for _, person in ipairs(list) do
    if person.invented and person.n % every == 3 then
      person.as = { meeting = { state = "disabled" }, desktops = { state = "disabled" } }
    end
  end
end

return M

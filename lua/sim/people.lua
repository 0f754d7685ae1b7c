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

-- Rows by column name, as --from reads them. nil and a message when two share an id.
function M.from_rows(rows, seed)
  local list, seen = {}, {}
  for n, row in ipairs(rows) do
    local person = from_row(row, seed, n)
    for _, key in ipairs(KEYS) do
      local id = person[key]
      local mark = id and key .. "/" .. id
      if mark and seen[mark] then
        return nil, format("row %d: '%s' stands in row %d already", n, id, seen[mark])
      end
      if mark then
        seen[mark] = n
      end
    end
    list[n] = person
  end
  return list
end

return M

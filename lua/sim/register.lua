-- The people of one cloud: found by id at once, listed in order of arrival, and a book of what was
-- really done to each. Removing is lazy: holes are closed when somebody next lists, so that a
-- million removals cost what they cost and no more.

local M = {}

function M.new()
  return { index = {}, order = {}, count = 0, holes = false, last = 0, book = {}, touched = {} }
end

-- The record is kept, not copied, and gets `id` and `seq`, its place in the order.
function M.add(r, id, record)
  r.last = r.last + 1
  record.id, record.seq, record.gone = id, r.last, nil
  r.index[id] = record
  r.order[#r.order + 1] = record
  r.count = r.count + 1
end

function M.get(r, id)
  local old = r.back and r.past[id]
  if old then
    return old.record or nil
  end
  return r.index[id]
end

function M.remove(r, id)
  local record = r.index[id]
  r.index[id] = nil
  record.gone = true
  r.holes = true
  r.count = r.count - 1
end

local function by_place(a, b)
  return a.seq < b.seq
end

-- All that a reading shows that lags behind: those of the past instead of those of now.
local function all_of_the_past(r)
  local list = {}
  for _, record in ipairs(r.order) do
    if not r.past[record.id] then
      list[#list + 1] = record
    end
  end
  for _, old in pairs(r.past) do
    list[#list + 1] = old.record or nil
  end
  table.sort(list, by_place)
  return list
end

-- All that are there, in order. Borrowed: not to be changed.
function M.all(r)
  if r.holes then
    local order = {}
    for _, record in ipairs(r.order) do
      if not record.gone then
        order[#order + 1] = record
      end
    end
    r.order, r.holes = order, false
  end
  return r.back and all_of_the_past(r) or r.order
end

-- Those for which test(record) holds; without a test all, uncopied.
function M.select(r, test)
  local all = M.all(r)
  if not test then
    return all
  end
  local found = {}
  for _, record in ipairs(all) do
    if test(record) then
      found[#found + 1] = record
    end
  end
  return found
end

-- make(record) of up to `limit` records after the first `offset` of a list.
function M.slice(list, offset, limit, make)
  local rows = {}
  for i = offset + 1, math.min(offset + limit, #list) do
    rows[#rows + 1] = make(list[i])
  end
  return rows
end

-- How many of `list` have a place of at most `seq`: where a page that ended there goes on, also
-- when people before it are gone meanwhile.
function M.position(list, seq)
  local low, high = 0, #list
  while low < high do
    local middle = (low + high + 1) // 2
    if list[middle].seq <= seq then
      low = middle
    else
      high = middle - 1
    end
  end
  return low
end

-- ---- readings that lag ----

-- Everybody as they are now, for remember(); taken before something is changed.
function M.copies(r)
  local copies = {}
  for _, record in ipairs(M.all(r)) do
    local copy = {}
    for name, value in pairs(record) do
      copy[name] = value
    end
    copies[record.id] = copy
  end
  return copies
end

-- Until that time readings show these people as the copies do: absent when there is none.
function M.remember(r, copies, ids, until_ms)
  r.past = r.past or {}
  for _, id in ipairs(ids) do
    r.past[id] = r.past[id] or { record = copies[id] or false, until_ms = until_ms }
  end
end

-- Begins a reading at that time, which sees the past where it is not over; look_up() ends it.
function M.look_back(r, now)
  if not r.past then
    return
  end
  for id, old in pairs(r.past) do
    if old.until_ms <= now then
      r.past[id] = nil
    end
  end
  r.back = next(r.past) ~= nil
end

function M.look_up(r)
  r.back = nil
end

-- Writes one real change into the book; `n` is its place among all effects of all clouds.
function M.effect(r, id, op, n)
  local entry = r.book[id]
  if not entry then
    entry = { effects = {}, order = {} }
    r.book[id] = entry
    r.touched[#r.touched + 1] = id
  end
  entry.effects[op] = (entry.effects[op] or 0) + 1
  entry.order[#entry.order + 1] = { n = n, op = op }
end

return M

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
  return r.index[id]
end

function M.remove(r, id)
  local record = r.index[id]
  r.index[id] = nil
  record.gone = true
  r.holes = true
  r.count = r.count - 1
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
  return r.order
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

-- What a refusal means: by the cloud's own code first, by the HTTP status where the code is
-- unknown. A meaning decides whether the engine waits, logs in, stops, splits a chunk or reads
-- the cloud back; where two would fit, the one that can do less harm is taken.
local wire = use "offboard.wire"

local M = {}

M.words = { "done", "person", "suspect", "request", "throttled", "token", "credential",
  "permission", "transient", "nonsense", "absent" }

local by_status = {
  [400] = "suspect", [409] = "suspect", [422] = "suspect",
  [401] = "token", -- a signer without a session makes it "credential" (script/provider.c)
  [403] = "permission",
  [412] = "credential", [423] = "credential", -- account disabled, locked
  [429] = "throttled",
}

-- Does `code` fit a pattern with stars? Pieces between stars come in order.
local function fits(code, pattern)
  local at, first = 1, true
  for piece, star in pattern:gmatch("([^*]*)(%*?)") do
    local from, to = code:find(piece, at, true)
    if piece ~= "" and star == "" and not first then
      from, to = #code - #piece + 1, #code -- the last piece ends the code
      if from < at or code:sub(from) ~= piece then
        return false
      end
    end
    if not from or first and piece ~= "" and from ~= 1 then
      return false
    end
    at, first = to + 1, false
  end
  return true
end

-- An error table made ready: its codes, and its patterns with the longest, which says the most,
-- first.
function M.rules(errors)
  local rules = { exact = errors or {}, patterns = {} }
  for code in pairs(rules.exact) do
    if code:find("*", 1, true) then
      rules.patterns[#rules.patterns + 1] = code
    end
  end
  table.sort(rules.patterns, function(a, b)
    return #a > #b or #a == #b and a < b
  end)
  return rules
end

local function by_code(rules, code)
  if not code or rules.exact[code] then
    return code and rules.exact[code]
  end
  for _, pattern in ipairs(rules.patterns) do
    if fits(code, pattern) then
      return rules.exact[pattern]
    end
  end
  return nil
end

local function of_status(status, is_action)
  if status >= 500 then
    return "transient"
  elseif status == 408 then
    -- The request may have been read to its end: a mutation is not simply sent again.
    return is_action and "transient" or "throttled"
  elseif status >= 200 and status < 300 then
    return "suspect"
  end
  return by_status[status] or status >= 400 and "request" or "nonsense"
end

-- About people, or about the request: what a server that failed (5xx) cannot be believed in.
local harmless = { person = true, suspect = true, request = true, absent = true }

-- The meaning of an answer that is an error. "absent" only where one person was asked for.
function M.of(rules, operation, status, code)
  local meaning = by_code(rules, code) or of_status(status, operation.is_action)
  if status >= 500 and harmless[meaning] then
    return "transient"
  elseif status >= 300 and status < 400 then
    return "nonsense"
  elseif meaning == "absent" and not operation.asks_one then
    return operation.is_action and "person" or "request"
  elseif (meaning == "person" or meaning == "suspect") and not operation.is_action then
    return "request"
  end
  return meaning
end

-- Code and message of an answer's error, or nil. An HTTP error is searched to some depth, an
-- HTTP 200 only at its top: people have codes and messages of their own.
function M.error_of(provider, answer, ok)
  local code, message
  if provider.error_of then
    code, message = provider.error_of(answer)
  else
    code, message = wire.find_error(answer.json, not ok)
  end
  if not code then
    return nil, ("HTTP %d without a readable error"):format(answer.status)
  end
  return wire.clean(code), wire.clean(message or "")
end

-- Who a refusal seems to be about: ids in its JSON, or as words of its message. Only a hint.
function M.culprits(ids, answer, code, message)
  local by_id = wire.named_in_text(ids, message)
  if type(answer.json) == "table" then
    for id, seen in pairs((wire.named(ids, answer.json))) do
      by_id[id] = seen.bad and seen or nil
    end
  end
  local people = wire.verdicts(ids, by_id)
  for _, person in ipairs(people) do
    person.code = person.code ~= "" and person.code or code or ""
    person.message = person.message ~= "" and person.message or message
  end
  return people
end

return M

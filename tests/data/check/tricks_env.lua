-- Under another _ENV nothing is known, so nothing is said; beside it all is as before.
local people, say = input.csv "leavers", note
local function free(_ENV) return anything, whatever:method() end
do
  local _ENV = { say = say, people = people }
  say(undefined)
  assigned = 1
  local function nested() return nothing.at.all, function() x = y end end
  nested()
end
local env = _ENV
env.note(env.tdoay)
_ENV.note(free {})
note(bad)
local function same()
  local _ENV = _ENV
  return worse
end
same()
-- expect 12: unknown name "tdoay"; did you mean "today"?
-- expect 14: unknown name "bad"
-- expect 17: unknown name "worse"

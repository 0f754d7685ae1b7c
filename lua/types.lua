---@meta offboard
-- Reference of all that policies see, for readers and for editors. Nothing here is run.

-- ======================================================================================
-- Policies
--
-- A policy is a Lua script in a sandbox: no files, no network, no clock, no random numbers and no
-- metatables, and `pairs` walks in a fixed order. So it says the same twice, and a run can be
-- resumed by running it again. Of Lua there are assert error ipairs next pairs pcall rawequal
-- rawlen select tonumber tostring type, string without dump and pack, table, math without random,
-- utf8 and json (below). Memory and CPU time are limited (--policy-memory, --policy-cpu; exit 13).
--
-- `plan` runs it with readings only and takes every proposal for a success; `apply` and `resume`
-- carry the proposals out, none that the plan has not, for nobody that the plan has not.
-- A mistake in a call ends the policy with file and line (13 policy, 14 input, 10 guard). What
-- pcall catches are Lua's own errors; guards, inputs, budgets and fail() go past it.
-- Calls that ask a cloud cannot be made inside of table.sort's or string.gsub's function.
--
-- Blocks marked "policy" are planned by the tests, each by itself, on simulated clouds.
-- ======================================================================================

-- ---- where people come from ----

input = {}

---The operator binds a name to a file: --input leavers=FILE, or leavers=- for standard input. A
---name that is not bound, an unreadable file, a file without rows (but for --allow-empty), a row
---too short or too long, a key that is empty or there twice: exit 14, with the line.
---@class InputOptions
---@field key? string       the column that names a person; else that of key, else the first
---@field encoding? string  UTF-8 unless said; "gb18030", "utf-16" and all that iconv knows
---@field separator? ","|";"|"\t" CSV only
---@field expect? Expectations what it is held against, as Roster:expect says

---Of what an input must be, or nothing is planned (14), and a run that reads it again stays where
---it is. Without any a file without rows is refused all the same, and one that loses more than half
---of its rows when people are acted upon because they are not in it (minus, absent_from).
---@class Expectations
---@field rows? integer|integer[] at least so many, or { least, most }
---@field columns? string[]     must be there
---@field newer_than? number    seconds, as days() gives them: the file was changed since
---@field shrink? number        at most this share fewer rows than at the last good read, by a plan
---    of a policy of this name: with 0.1 nine of ten must be left

---CSV as in RFC 4180, its first row the names of the columns. Every cell is a text.
---```lua policy
---local people = input.csv("leavers", { key = "meeting_account" })
---for i, p in ipairs(people) do
---  note(("%d. %s leaves on %s (line %d)"):format(i, p.name, p.last_day, p.line))
---end
---```
---@param name string
---@param options? InputOptions
---@return Roster
function input.csv(name, options) end
---A list of objects, or one object a line. Objects inside become columns like "manager.name".
---@param name string
---@param options? InputOptions
---@return Roster
function input.json(name, options) end
---One person a line, in the only column "id"; empty lines and those that begin with # do not count.
---@param name string
---@param options? InputOptions
---@return Roster
function input.lines(name, options) end

---Which column names a person, in all inputs that follow: the name in plans and reports, by which
---rosters are compared. Without it: the first column of each.
---@param column string
function key(column) end

-- ---- people ----

---A set of people in order, each once by name. It is never changed; its methods make new ones.
---#r, r[1], ipairs(r), pairs(r) and `for p in r:each() do` walk it. Where a roster is expected, one
---person or a list of persons does as well. Naming a column that is not there is an error.
---```lua policy
---local people = input.csv "leavers"
---local overdue = people:where(function(p) return p.last_day < today(days(-7)) end)
---for _, g in ipairs(overdue:group "last_day") do
---  note(g.value .. ": " .. #g.people)
---end
---local shared = people:only(target("meeting"):list(), { mine = "meeting_account", theirs = "id" })
---note(("%d overdue, %d of %d have an account"):format(#overdue, #shared, #people))
---```
---@class Roster
---@field union fun(self: Roster, other: Roster): Roster mine, then those whose names I have not
---@field has fun(self: Roster, name: string|Member): boolean
---@field first fun(self: Roster, n: number|string): Roster a number, or a share as 0.2 or "20%"
---@field rest fun(self: Roster, n: number|string): Roster all but first(n)
---@field sample fun(self: Roster, n: number|string): Roster drawn by a hash of the name: the same
---    people each time, and a larger sample holds the smaller one
---@field sort fun(self: Roster, column: string): Roster
---@field group fun(self: Roster, column: string): { value: string, people: Roster }[] by value
---@field map fun(self: Roster, f: fun(p: Member): any): any[] what f returned, without its nils
---@field column fun(self: Roster, name: string): string[] its texts
---@field columns fun(self: Roster): string[] the names
---@field empty fun(self: Roster): boolean
---@field each fun(self: Roster): fun(): Member?
local Roster = {} -- luacheck: ignore 241
---Those for whom the function is true, or whose columns have these values (a value or a list of
---them; all columns must agree): people:where { department = { "Sales", "Legal" } }.
---@param how (fun(p: Member): boolean?) | table<string, string|integer|boolean|table>
---@return Roster
function Roster:where(how) end
---Holds an input, as it was read, to what is expected of it; it is an error (14) if it is not so.
---After a wait, and when absent_from is proven, what is read again is held to the same.
---```lua policy
---local people = input.csv "leavers":expect {
---  rows = { 1, 500 }, columns = { "name", "meeting_account" },
---  newer_than = days(2), shrink = 0.1 }
---note(#people .. " leave")
---```
---@param what Expectations
---@return Roster the same
function Roster:expect(what) end
---Those who are not in the other one: by name, by a column of both, or by two columns. A person
---whose cell is empty cannot be compared, and is an error.
---@param other Roster
---@param columns? string | { mine: string, theirs: string }
---@return Roster
function Roster:minus(other, columns) end
---Those who are in the other one too. An empty cell is nobody's.
---@param other Roster
---@param columns? string | { mine: string, theirs: string }
---@return Roster
function Roster:only(other, columns) end
---One person: p.COLUMN is the cell, always a text. Two are equal when they are the same row.
---@class Member
---@field line integer where the row stands in its file, or its number in a list
---@field row fun(self: Member): table<string, string> a copy that may be changed
---@field [string] string

-- ---- what is done to them ----

---A target of targets.lua. A name that is not there is an error, and so is an action that its
---provider has not.
---```lua policy
---local people = input.csv "leavers"
---local studio = target "studio"
---local out = studio:remove(people, { id = "iam_user_id", chunk = 10, ramp = { 1, 5, "20%" } })
---for p in out.failed:each() do
---  note(p.employee .. ": " .. (out:reason(p) or "no reason given"))
---end
---```
---@param name string
---@return Target
function target(name) end

---An action proposes: in a plan everybody succeeds; in a run the answer is what really happened.
---Those who are already in the wanted state are skipped, and succeeded is said only of what the
---cloud shows when it is read back. Two people with one id are an error (14), an empty id is too.
---  huawei-meeting   disable enable delete    list lookup
---  huawei-dataarts  remove                   list lookup roles
---  alibaba-eds      lock unlock remove       list lookup
---@class Target
---@field name string
---@field [string] fun(self: Target, people: Roster|Member[], options?: ActionOptions): Outcome
local Target = {} -- luacheck: ignore 241
---The whole directory. Columns: id (the name), state ("active", "disabled" or "other"), then the
---cloud's own fields as texts; one that is itself called id or state is cloud_id, cloud_state. A
---resumed run sees what the run saw. A page that is missing is an error, not a shorter list.
---@return Roster
function Target:list() end
---Those that exist, or not (state "absent").
---@param ids string[]
---@return Roster
function Target:lookup(ids) end

---@class ActionOptions
---@field id? string        the column that this cloud knows a person by; else the name
---@field chunk? integer    people in one call, never more than the cloud takes
---@field parallel? integer calls in flight
---@field ramp? (integer|string)[] waves: the first so many, then so many, then the rest. A wave in
---    which nobody succeeded stops the others, who are skipped.
---@field on_failure? fun(tally: Tally): "continue"|"stop"|"undo"|nil asked after each chunk, which
---    is read back before the next one goes: "stop" skips the rest, "undo" takes the others back. A
---    resumed run does not ask again what was answered: what it keeps in variables is gone then
---@field stop_when? Limit  the same without a function
---@field undo_when? Limit
---@field admins? string[] ids of administrators who are meant to go; others are left out of what
---    disables or deletes, and the last one of a target always is
---@field on_change? "skip"|"stop" one who is not any more what the plan says (another state, or
---    other identity fields: another person has the account) is left out, or ends the run (12)
---@field require? Requirements   of an action that deletes: proven for each person, or skipped
---@field straight? boolean       of such: who was not disabled first may be deleted. Without it
---    everybody is skipped whom the cloud does not show as disabled, where it has such a state

---What the host proves of each person right before they are deleted, in every process that takes
---the step up. Who cannot be proven is skipped with the reason; `plan` tells what is known.
---```lua policy
---local people, staff = input.csv "leavers", input.csv "staff"
---target("meeting"):delete(people, { id = "meeting_account", require = {
---  disabled_for = days(30), seen = 2, absent_from = "staff" } })
---note(("%d are employed"):format(#staff))
---```
---@class Requirements
---@field disabled_for? number seconds, as days() gives them: this ledger has an action that
---    disabled them so long ago, nothing has enabled them since, and the cloud shows them so
---@field seen? integer plans that named them for this target, counted once in 12 hours; a wait with
---    recheck that finds them still on the list is one more
---@field absent_from? string|{ input: string, column: string } an input that has neither their name
---    nor their id, read again each time; it must have rows. Columns of the same names are
---    compared, or the id with `column`

---What is known of a step so far. acted = succeeded + failed + unknown.
---@alias Tally { succeeded: integer, failed: integer, unknown: integer, skipped: integer,
---    pending: integer, total: integer, acted: integer, failed_share: number }
---Reached when so many have failed, or more than this share of those acted upon (failed or
---unknown); with `after`, not before so many were acted upon.
---```lua policy
---local people = input.csv "leavers"
---local off = target("desktops"):lock(people, { id = "desktop_user", chunk = 50,
---  undo_when = { failed_share = 0.1, after = 20 }, stop_when = { failed = 3 } })
---if off.undone then note "locked, and unlocked again" end
---```
---@alias Limit { failed?: integer, unknown?: integer, failed_share?: number, after?: integer }

---What became of each: four rosters that add up to all, and a share.
---@class Outcome
---@field succeeded Roster   proven by reading the cloud
---@field failed Roster      refused, by name
---@field unknown Roster     could not be settled; `offboard resume` asks again
---@field skipped Roster     nothing to do, or not tried
---@field total integer
---@field failed_share number (failed + unknown) / (total - skipped); 0 when nobody is left
---@field undone boolean     it was taken back, by undo() or a gate
local Outcome = {} -- luacheck: ignore 241
---The cloud's word on one person, nil without one.
---@param person Member
---@return string?
function Outcome:reason(person) end

---Takes back what was done to those who succeeded, last step first, and nothing else: who was in
---that state before stays so. Who is unknown is looked up first. A deleted account is made again
---from what the cloud said before, without notice to the person; `plan` prints what cannot come
---back. The answer is an outcome of its own: succeeded are those who are as they were.
---```lua policy
---local people = input.csv "leavers"
---local off = target("meeting"):disable(people, { id = "meeting_account" })
---if off.failed_share > 0.1 then
---  local back = off:undo "more than one in ten could not be disabled"
---  note(("%d enabled again, %d not"):format(#back.succeeded, #back.failed + #back.unknown))
---end
---```
---@param reason? string
---@return Outcome
function Outcome:undo(reason) end

---Runs functions side by side, each its own line of proposals. The first result is one outcome over
---all people of those that returned one (a person's is the worst of them), then what each returned.
---```lua policy
---local people = input.csv "leavers"
---local locked, a, b = together(
---  function() return target("meeting"):disable(people, { id = "meeting_account" }) end,
---  function() return target("desktops"):lock(people, { id = "desktop_user" }) end)
---if locked.failed_share > 0.1 then fail "too many could not be locked" end
---note(("%d in all, %d and %d"):format(#locked.succeeded, #a.succeeded, #b.succeeded))
---```
---@param ... fun(): Outcome?
---@return Outcome, any ...
function together(...) end

-- ---- bounds ----

---From how many people of one target something may be taken. What counts: distinct people, by the
---id that the cloud knows them by, whom an action disables (or locks) or deletes (or removes). Not
---those who are off or gone already, and never what enables, adds back or undoes.
---@class Bounds
---@field users? integer people in one plan
---@field share? number  part of the population in one plan; 0.05 is five in a hundred
---@field day? integer   people within 24 hours, over all plans: this one, and what is pending, too
---@field week? integer  the same within 7 days

---Refuses the policy (10) where it would be more. What stands at the top counts disabled and
---deleted people together, what stands in `disable` or `delete` counts these alone; all of it has
---to hold. 0 means none. A policy only tightens what targets.lua, the defaults and --max-delete
---say, so "unlimited" is no word of a policy's. It is looked at when the policy has come to its
---end, and again before every call of the run. limit and protect stand before all actions.
---@class Limits: Bounds
---@field disable? Bounds
---@field delete? Bounds

---```lua policy
---limit { users = 50, share = 0.10, week = 80, delete = { users = 10, day = 10 } }
---target("desktops"):lock(input.csv("leavers"):first(5), { id = "desktop_user" })
---```
---@param bounds Limits
function limit(bounds) end

---Refuses the policy (10) when an action names one of these. Patterns know * and ?. The name is a
---column of the roster, or a field that the cloud shows of the person, and either protects; where
---there is neither, nobody can tell, and that is refused, too. "account" is what the cloud knows a
---person by, and so is a plain list of patterns. A run asks again, as each step begins.
---```lua policy
---limit { users = 50, share = 0.10 }
---protect { account = { "admin*", "svc-*" }, employee = "E0000?" }
---target("meeting"):disable(input.csv("leavers"):first(5), { id = "meeting_account" })
---```
---@param patterns string[] | table<string, string|string[]>
function protect(patterns) end

-- ---- time, and what the operator says ----

---The day of the plan where it was made, like "2026-11-22"; days compare as texts. today(days(-30))
---is thirty days before. After a wait: the day on which the run went on.
---@param offset? number seconds
---@return string
function today(offset) end
---The moment of the plan, "2026-11-22T04:03:00Z", or of the last wait's end. It stands still, and
---a resumed run has the same.
---@param offset? number seconds
---@return string
function now(offset) end
---@param n number
---@return number seconds
function days(n) end

---Parks the run and ends the process (exit 22); `offboard resume` goes on when it is due, never
---before, and once. `recheck` names an input, which is read again then: who is no longer on it is
---skipped by all that follows, and its rows are the answer. Skipped as well is who was switched
---off by this run and is active again, in any of the clouds: on_change = "act" goes on with them,
---"stop" ends the policy (12).
---```lua policy
---local people = input.csv "leavers"
---local off = target("meeting"):disable(people, { id = "meeting_account" })
---local still = wait { days = 30, recheck = "leavers" }
---note(("%d are still leaving on %s"):format(#still, today()))
---target("meeting"):delete(off.succeeded, { id = "meeting_account" })
---```
---@param how { days?: number, hours?: number, minutes?: number, until_?: string, recheck?: string,
---    on_change?: "skip"|"act"|"stop" } until_ is a date or a time; in a plan it passes at once
---@return Roster? of recheck
function wait(how) end

---A rule that `offboard rehearse` holds the policy to at the end of each rehearsal; elsewhere it
---does nothing. Broken when it answers false (a second result says why), or raises.
---```lua policy
---local people = input.csv "leavers"
---local off = target("meeting"):disable(people, { id = "meeting_account" })
---wait { days = 30 }
---target("meeting"):delete(off.succeeded, { id = "meeting_account" })
---expect("a month passes before anybody is deleted", function(world)
---  for _, p in ipairs(world.people) do
---    local m = p.meeting
---    if m and m.deleted_at and m.deleted_at - m.disabled_at < days(30) then
---      return false, p.name
---    end
---  end
---end)
---```
---@overload fun(rule: fun(world: World): boolean?, string?)
---@param name string
---@param rule fun(world: World): boolean?, string?
function expect(name, rule) end

---How it ended. Times are seconds, so differences compare with days(). `people` is a list, and by
---name as well; a target that does not concern somebody is nil.
---@alias World { started: number, now: number, people: table }
---@class WorldPerson
---@field name string
---@field [string] { id: string, state: "active"|"disabled"|"absent"|"other", outcome: string,
---    actions: table<string, string>, disabled_at: number?, enabled_at: number?,
---    deleted_at: number?, added_at: number? } by target; actions: what became of each

---What --var NAME=VALUE gave, a text; without it the default, and without that exit 13.
---```lua policy
---local least = tonumber(var("least", "1"))
---if #input.csv "leavers" < least then fail "that is not the whole file" end
---```
---@param name string
---@param default? any
---@return any
function var(name, default) end
---A line of the plan, for whoever reads it.
---@param text any
function note(text) end
---Ends the policy (13). In a plan nothing is stored; in a run what is done stays done.
---@param reason any
function fail(reason) end

---One signed call of your own, for what no action does yet. A GET (with Alibaba, Describe... and
---List...) is a reading, made in a plan too; anything else is a proposal, sent once, in a run, as
---the plan has it. In a plan it answers nil, "not sent while planning", "planned". Guards cannot
---see whom it touches: what an action disables or deletes with is refused here, and it needs the
---strictest approval of its target.
---```lua policy
---local answer, message, code = target("meeting"):request {
---  method = "GET", path = "/v1/usg/dcs/corp/member", query = { offset = 0, limit = 1 } }
---if not answer then fail(("%s (%s)"):format(message, code)) end
---note(("%d: %d accounts"):format(answer.status, answer.json.count))
---```
---@param request { method?: string, path?: string, query?: table, headers?: table, json?: any,
---    form?: table, body?: string, action?: string, version?: string }
---@return { status: integer, headers: table<string, string>, body: string, json: any }? answer
---@return string? message
---@return string? code "timeout", "connect", "tls", "in_doubt" and such; HTTP errors are answers
function Target:request(request) end


-- What providers see, and the clouds with the sources of all wire facts: types_provider.lua.

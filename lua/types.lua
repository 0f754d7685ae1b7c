---@meta offboard
-- Reference of all that policies and providers see, for readers and for editors. Nothing here is
-- run. Facts of the wire name their source: api/huawei.md (H) or api/alibaba.md (A) and section.

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

---What became of each: four rosters that add up to all, and a share.
---@class Outcome
---@field succeeded Roster   proven by reading the cloud
---@field failed Roster      refused, by name
---@field unknown Roster     could not be settled; `offboard resume` asks again
---@field skipped Roster     nothing to do, or not tried
---@field total integer
---@field failed_share number (failed + unknown) / (total - skipped); 0 when nobody is left
local Outcome = {} -- luacheck: ignore 241
---The cloud's word on one person, nil without one.
---@param person Member
---@return string?
function Outcome:reason(person) end

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

---Refuses the policy (10) when more people of one target would be touched: distinct people whom an
---action disables or deletes, over the whole policy; share is of the target's directory. A policy
---only tightens what targets.lua and --max-delete say. limit and protect stand before all actions.
---@param bounds { users?: integer, share?: number }
function limit(bounds) end

---Refuses the policy (10) when an action names one of these. Patterns know * and ?. The name is a
---column, "account" is what the cloud knows a person by; a plain list of patterns is that, too.
---```lua policy
---limit { users = 50, share = 0.10 }
---protect { account = { "admin*", "svc-*" }, employee = "E0000?" }
---target("meeting"):disable(input.csv("leavers"):first(5), { id = "meeting_account" })
---```
---@param patterns string[] | table<string, string|string[]>
function protect(patterns) end

-- ---- time, and what the operator says ----

---The day of the plan where it was made, like "2026-11-22"; days compare as texts. today(days(-30))
---is thirty days before.
---@param offset? number seconds
---@return string
function today(offset) end
---The moment of the plan, "2026-11-22T04:03:00Z". It stands still, and a resumed run has the same.
---@param offset? number seconds
---@return string
function now(offset) end
---@param n number
---@return number seconds
function days(n) end
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
---see whom it touches.
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

-- Of later versions; used today they end the policy: wait, rehearse, expect, Outcome:undo.

-- ======================================================================================
-- Providers: lua/provider/NAME.lua
--
-- A provider says how one cloud is spoken: data, and pure functions over values. It has no
-- clock, no network, no secret and no state; C signs what it asks for (src/sign), sends it and
-- hands back what came. It runs in the sandbox of policies: no metatables, no coroutines, no
-- load. A new cloud is one such file, a simulated one in lua/sim, and a signer in src/sign only
-- when its signature is new.
--
-- Faults of a provider file (an error raised, a field of the wrong shape, a lookup that passes
-- over somebody) end with the exit code of a policy error and name the file and line. Strange
-- answers are no fault: they are nonsense, and nonsense is never success.
-- ======================================================================================

---What a provider file returns. Checked when it loads (lua/offboard/provider_shape.lua).
---@class Provider
---@field name string              the file's name without ".lua"
---@field fields table<string, FieldShape> all fields a target of this provider may have
---@field endpoint Place           where requests go
---@field credentials Credential[] ways to authenticate; the target's fields choose one
---@field actions table<string, Action>
---@field lookup? Lookup           absent: people are read by list alone
---@field snapshot? Lookup         absent: what a lookup (or a list's row) tells is the snapshot
---@field list? List
---@field reads? table<string, Operation> other readings, by name
---@field errors? table<string, Meaning> the cloud's codes; "*" stands for any text, the longest
---    pattern wins, a code without "*" wins over all
---@field error_of? fun(answer: Answer): string?, string? code and message of an error answer;
---    without it wire.find_error reads JSON in all the wrappings of H.E and A.C.1
---@field retry_after? fun(headers: table<string, string>): integer? milliseconds; without it, or
---    when it answers nil, the header Retry-After (seconds or a date) counts
---@field is_read? fun(request: RawRequest): boolean does a raw request only read? Without it GET
---    and HEAD do. Where it exists it is asked for GET too: behind an RPC gateway GET deletes.

---A field of a target. "credential" marks one that only the signer reads: text or secret, never
---shown to Lua. All else is a shape of lua/offboard/schema.lua and must be plain text in
---targets.lua. Empty texts count as not given.
---@alias FieldShape "credential"|"string"|"string?"|"integer"|"integer?"|"boolean"|"boolean?"|table

---@class Place
---@field default string    url; {region} is replaced by the target's region
---@field regions? string[] the only regions that have such a host

---@class Credential
---@field signer string     file of src/sign without ".c"
---@field needs string[]    fields that must be there; one that no other credential has chooses it
---@field takes? string[]   fields that may be there
---@field when? table<string, any> settings that must have these values
---@field login? { field: string, default: string } where the signer's login goes; else as all

---Two functions make an operation. `ids` were checked before: one or more, all different, no
---more than `max`, none empty, of dots only, with control characters or invalid UTF-8.
---@class Operation
---@field request fun(target: table, args: Args): Request
---@field answer fun(target: table, args: Args, answer: Answer): Understood?, string? called for
---    HTTP 200, 201 and 204 without an error object; nil and a reason: nonsense

---@class Action : Operation
---@field kind "disable"|"enable"|"delete"|"add"
---@field contract "all_or_nothing"|"per_person"|"one_verdict"|"detect"
---@field max integer        most people in one call, by the cloud's document
---@field chunk? integer     people in one call unless the policy says; `max` without it
---@field wants "absent"|"disabled"|"active" people in this state need no call
---@field repeatable boolean sets a state: sending it again does no harm
---@field destroys boolean   snapshot first, read back before "succeeded"
---@field undo? string       the action that undoes it

---@class Lookup : Operation
---@field max integer        ids in one call

---@class List : Operation
---@field page integer       rows in one call
---@field total boolean      its first page says how many there are

---@class Args
---@field ids? string[]      of actions, lookup and snapshot
---@field cursor? any        of list: `next` of the page before, nil for the first. Small: it is
---    compared and may be kept.

---Everything but what the signer adds. Sent once, as these bytes.
---@class Request
---@field method "GET"|"POST"|"PUT"|"DELETE"|"PATCH"
---@field path string        as on the wire; wire.path encodes what goes into a template
---@field query? Pair[]      in order, decoded; names may repeat
---@field headers? Pair[]
---@field json? any          body: canonical JSON, keys sorted, integers exact
---@field form? Pair[]       body: application/x-www-form-urlencoded, in order
---@field body? string       body: these bytes
---@field action? string     RPC style: operation, and
---@field version? string    version; the signer puts them where its signature wants them

---@alias Pair { [1]: string, [2]: string|integer|boolean }

---@class Answer
---@field status integer
---@field headers table<string, string> names in lower case; of repeated ones the first
---@field body string
---@field blank boolean      empty, or white space
---@field json any           decoded body; json.null for null, nil when there is none. Integers
---    keep 64 bits, longer ones are texts of their digits; a key that appears twice is an error
---@field json_error string? why it is no JSON

---What answer() gives: `people` (actions, lookup, snapshot, list), `data` (other reads), or
---`meaning` when a success status hides a refusal (DataArts' is_success).
---@class Understood
---@field people? Person[]
---@field rest? "accepted"|"doubt" actions: what became of those not in `people`; accepted
---@field next? any          list: cursor of the next page, nil at the end
---@field total? integer     list: rows there are, -1 (the default) when not said
---@field data? any
---@field meaning? Meaning
---@field code? string
---@field message? string

---@class Person
---@field id string
---@field outcome? "accepted"|"refused"|"absent"|"doubt" of an action
---@field code? string
---@field message? string    for people; C redacts secrets, wire.clean cuts echoes of signatures
---@field state? "active"|"disabled"|"absent"|"other"    of a reading; a lookup names each id
---@field fields? table      as the cloud gave them: columns of a directory, and the snapshot
---@field listed? boolean    of a lookup: would a list name this one too? Rooms and TVs exist
---    without being listed (H.A.4)

---What a refusal means:
---  person      because of somebody in the chunk; the cloud did nothing. It is split.
---  suspect     a code nobody knows, perhaps because of a person. Split, with less patience.
---  absent      the one person asked for does not exist (lookup); of an action: as person
---  request     about no person; never split
---  throttled   refused for now; sent again after retry_after
---  token       log in again, once (without a session: credential)
---  credential  wrong key, signature or clock: the target stops. Never tried again: five wrong
---              signatures lock a Huawei key for five minutes (H.D)
---  permission  the same, for lack of rights
---  transient   trouble over there; whether a change was made is settled by reading
---  nonsense    not understood; the same
---Codes count first, then the HTTP status: 401 token; 403 permission; 408 throttled, but
---transient for an action; 412 and 423 credential (H.A.1.1); 429 throttled; 400, 409 and 422
---suspect for actions; other 4xx request; 5xx transient, whatever the code says of people.
---@alias Meaning
---| "done"|"person"|"suspect"|"absent"|"request"|"throttled"
---| "token"|"credential"|"permission"|"transient"|"nonsense"

---@class RawRequest
---@field method string
---@field path string
---@field query Pair[]
---@field headers table<string, string> names in lower case
---@field form Pair[]        of a form body
---@field opaque boolean     there is a body, and it is no form
---@field action? string     RPC style

-- ---- what providers find in their environment ----

json = {}
---@param text string
---@return any value, string? message
function json.decode(text) end
---@param value any
---@return string
function json.encode(value) end
---Stands for null inside of lists and maps.
json.null = nil

---A module of ours: use "offboard.wire" is lua/offboard/wire.lua.
---@param name string
---@return table
function use(name) end -- luacheck: ignore 121

---use "offboard.wire"
---@class wire
local wire = {} -- luacheck: ignore 241
---Percent-encodes all but A-Z a-z 0-9 - . _ ~ (H.D, A.B.1).
---@param text string
---@return string
function wire.encode(text) end
---The template with each {name} encoded. Raises for a value that is empty or of dots only.
---@param template string
---@param values table<string, string>
---@return string
function wire.path(template, values) end
---Users.1, Users.2, ... (A.A.1)
---@param name string
---@param list string[]
---@return Pair[]
function wire.numbered(name, list) end
---The list map[key], nil when it is none; {} for [] counts as none.
---@param answer Answer
---@param map any
---@param key string
---@return table?
function wire.list(answer, map, key) end
---The same where an empty list may be left out or null.
---@param map table
---@param key string
---@return table?
function wire.optional_list(map, key) end
---A whole number, also one that is written as a text of digits; else nil.
---@param value any
---@return integer?
function wire.whole(value) end
---Who of `ids` stands in an answer of unknown shape, and is somebody meant whom we cannot tell?
---@param ids string[]
---@param node any
---@return table<string, table> by_id, boolean stranger
function wire.named(ids, node) end
---A message fit to be shown: cut, on one line, without the echo of a signature (A.B.4).
---@param message string
---@return string
function wire.clean(message) end

-- ======================================================================================
-- The clouds, and where their facts are from
--
-- huawei-meeting                                                            H.A
--   hosts api.meeting.huaweicloud.com, api-intl.meeting.huaweicloud.com     H.A
--   login by App ID, by account; token; 412 disabled, 423 locked            H.A.1.1 .. A.1.3
--   delete: POST member/delete, bare array, 100, accountType 0|1            H.A.2
--     answers nothing, or those that failed: the documents disagree         H.A.2 "Atomicity"
--   disable, enable: PUT member/status/1|0; its limit is the siblings'      H.A.3
--   lookup: GET member/{account}; missing is 400 USG.201040000              H.A.4 Detail, A.2 table
--   list: limit up to 500, normal users (userType 2); the last page comes
--     again past the end, so `count` ends it                                H.A.4 List
--   adminType 0 default admin, 1 admin, 2 none: the field `admin`           H.A.1.1, A.4
--   a delete is undone only in part, and not yet                            H.A.4 "Restore"
-- huawei-dataarts                                                           H.B
--   host dayu.{region}.myhuaweicloud.com; X-Project-Id                      H.B
--   IAM token from iam.{region}.myhuaweicloud.com, in X-Subject-Token       H.C
--   remove: POST delete-users {"user_ids": [...]}; the limit is not
--     documented; 200 with is_success false is a failure                    H.B
--   list: limit and offset count records; user_id and not id                H.B
--   roles: a list at the top of the answer                                  H.B
-- alibaba-eds                                                               A.A
--   POST /, version 2021-03-08; hosts in cn-shanghai and ap-southeast-1     A.A.1, A.A.2
--   remove, lock, unlock: form Users.1 .. 500 (100 until mid-2025)          A.A.3
--   a verdict for each in HTTP 200                                          A.A.5
--   lookup: DescribeUsers with EndUserIds.N, exact; Filter is not           A.A.3
--   Status 0 normal, 9 locked                                               A.A.3
--   list: MaxResults 500, NextToken until it is empty                       A.A.3
--   a snapshot lacks what only FilterUsers tells: AutoLockTime, property
--     ids, number of desktops; and MFA devices, entitlements                A.A.6
--   x-acs-retry-after in milliseconds                                       A.C.3
--   codes count, statuses vary                                              A.C.2
-- gateway codes of Huawei Cloud, APIGW. and APIG. alike                     H.E
-- ======================================================================================

---@meta offboard
-- Reference of all that providers see, for readers and for editors; policies are in types.lua.
-- Nothing here is run. Facts of the wire name their source: api/huawei.md (H) or api/alibaba.md (A)
-- and section.

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
---@field snapshot? Lookup         what a lookup leaves out and a restore wants; absent: what a
---    lookup (or a list's row) tells is the snapshot
---@field list? List
---@field reads? table<string, Operation> other readings, by name
---@field identity? string[] fields of a row that stay as they are as long as it is the same person;
---    only those that list, lookup and snapshot tell in one form. A plan keeps a print of them.
---@field errors? table<string, Meaning> the cloud's codes; "*" stands for any text, the longest
---    pattern wins, a code without "*" wins over all
---@field error_of? fun(answer: Answer): string?, string? code and message of an error answer;
---    without it wire.find_error reads JSON in all the wrappings of H.E and A.C.1
---@field retry_after? fun(headers: table<string, string>): integer? milliseconds; without it, or
---    when it answers nil, the header Retry-After (seconds or a date) counts
---@field own? fun(target: table, signer: string): Own[] whose the credential is; else: unknown
---@field id_shape? fun(target: table): IdShape what an id looks like; without it, like anything
---@field is_read? fun(request: RawRequest): boolean does a raw request only read? Without it GET
---    and HEAD do. Where it exists it is asked for GET too: behind an RPC gateway GET deletes.

---A field of a target. "credential" marks one that only the signer reads: text or secret, never
---shown to Lua. All else is a shape of lua/offboard/schema.lua and must be plain text in
---targets.lua. Empty texts count as not given.
---@alias FieldShape "credential"|"string"|"string?"|"integer"|"integer?"|"boolean"|"boolean?"|table

---The account that the credential belongs to is never acted upon. A person is it when the row's
---`field` (and the id itself, where is_id) equals what is known of it, A-Z and a-z alike.
---@class Own
---@field field string
---@field is_id? boolean     ids of this target are of that kind
---@field is? string         this
---@field credential? string or what this field of the credential says; C reads it
---@field login? string      or what the login's answer has there: "user.userId"

---By the documents, and no narrower: whoever does not fit can be nobody's account there, and the
---plan is refused (14).
---@class IdShape
---@field what string        for people: "an id of IAM, 32 hexadecimal digits"
---@field chars string       all that may be in it
---@field min integer        bytes
---@field max integer

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
---@field undo? string[]     the actions that take it back, in order; none: it is final
---@field from_snapshot? boolean puts back what a snapshot shows; only an undo uses it. It has the
---    two functions `holds` and `group` besides, and its args have `people`, the snapshots
---@field extra? boolean     of such: what the account can do without. Where we may not do it
---    (permission), that one call fails; else the target would stop
---@field holds? fun(target: table, snapshot: Person, row: Person): boolean is the account (as a
---    lookup shows it now) as the snapshot was, in what this action puts back? Both have fields,
---    which are empty for one who is absent. It proves what was done, so it is tolerant of nothing
---    but what cannot come back
---@field group? fun(target: table, snapshot: Person): string who may share a call: equal texts
---@field undo_says? { keeps: string[], loses: { field: string, why: string }[] } for the plan: what
---    an undo of this action brings back, and what it cannot

---@class Lookup : Operation
---@field max integer        ids in one call
---@field ranks? boolean      of lookup: it says `admin` of everybody, so that who is in a list
---    without it is looked up

---@class List : Operation
---@field page integer       rows in one call
---@field total boolean      its first page says how many there are

---@class Args
---@field ids? string[]      of actions, lookup and snapshot
---@field people? Person[]    of actions from_snapshot: a snapshot each, in the order of the ids
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

---@alias Pair { [1]: string, [2]: string|integer|boolean|NewPassword }

---In `form` and anywhere in `json`: C puts a fresh password there, 24 characters of four kinds,
---that is sent and then forgotten. For accounts that must have one, because without it the cloud
---writes to the person.
---@class NewPassword
---@field new "password"

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
---@field admin? boolean     of a reading: an administrator of the tenant, who is left out unless
---    named. nil: the cloud does not say, and nobody is taken for one
---@field group? boolean     of a reading: several people under one id, who may be nobody: as an
---    administrator not counted among those who stay
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

---use "offboard.restore": for actions that are from_snapshot
---@class restore
local restore = {} -- luacheck: ignore 241
---The value, nil when it is left out, null or an empty text: nothing in all three clouds.
---@param row table
---@param name string
---@return any
function restore.value(row, name) end
---Do two rows agree in all these fields? Each is { name, what the cloud makes of nothing }.
---@param fields { [1]: string, [2]: any }[]
---@param snapshot table
---@param row table
---@return boolean
function restore.agree(fields, snapshot, row) end
---The texts under `key` of the maps in row[name], sorted, each once.
---@param row table
---@param name string
---@param key string
---@param test? fun(item: table): boolean
---@return string[]
function restore.ids(row, name, key, test) end
---Is all of one list in another?
---@param ids string[]
---@param others string[]
---@return boolean
function restore.within(ids, others) end
---undo_says.loses from { { why, field, ... }, ... }.
---@param reasons string[][]
---@return { field: string, why: string }[]
function restore.loses(reasons) end

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
--   add: POST member, one a call; sendNotify "0" or mail and SMS are sent   H.A.4 Add
--     without pwd the cloud makes one; phone wants country; function only
--     where it was on, because it uses up a licence                         H.A.4 Add
--   add_rooms: POST vmr/assign-to-member/{account}, room ids, 32 an account H.A.4 Helpers
--     of vmrMode 1 alone: no call gives personal IDs (0) or webinars (2)
--   add_admin: POST admin {"account"}, by the default administrator         H.A.4 Helpers
--   lost: id, sipNum, vmrId, password, license, activeTime, corp, devType   H.A.4 "Restore"
-- huawei-dataarts                                                           H.B
--   host dayu.{region}.myhuaweicloud.com; X-Project-Id                      H.B
--   IAM token from iam.{region}.myhuaweicloud.com, in X-Subject-Token       H.C
--   remove: POST delete-users {"user_ids": [...]}; the limit is not
--     documented; 200 with is_success false is a failure                    H.B
--   list: limit and offset count records; user_id and not id                H.B
--   roles: a list at the top of the answer                                  H.B
--   add: POST users; user_ids are objects here, groups {id, name}; type 0
--     user, 1 group; the key is roles_ids; is_domain_owner for the row's
--     domain_owner; is_success as above                                     H.B
-- alibaba-eds                                                               A.A
--   POST /, version 2021-03-08; hosts in cn-shanghai and ap-southeast-1     A.A.1, A.A.2
--   remove, lock, unlock: form Users.1 .. 500 (100 until mid-2025)          A.A.3
--   a verdict for each in HTTP 200                                          A.A.5
--   lookup: DescribeUsers with EndUserIds.N, exact; Filter is not           A.A.3
--   Status 0 normal, 9 locked                                               A.A.3
--   list: MaxResults 500, NextToken until it is empty                       A.A.3
--   snapshot: FilterUsers with IncludeEndUserIds.N, 100 a page, all in the
--     query; it alone tells AutoLockTime and the number of desktops         A.A.3
--     what it lacks of DescribeUsers no call could set: WyId, Address, Avatar
--   add: CreateUsers, form Users.1 .. 100 (20 until 2024-12), groups with it;
--     AutoLockTime, IsLocalAdmin, PasswordExpireDays are per request        A.A.3, A.A.6
--     IsLocalAdmin is the row's EnableAdminAccess (both "local admin")      A.A.3
--     without Password a mail is sent; rule: 10 characters, 3 classes       A.A.4, A.A.6
--   lost: properties, as SetUserPropertyValue wants the number of the new
--     account; all organisations but one; MFA devices, entitlements         A.A.6
--   x-acs-retry-after in milliseconds                                       A.C.3
--   codes count, statuses vary                                              A.C.2
-- gateway codes of Huawei Cloud, APIGW. and APIG. alike                     H.E
-- ======================================================================================

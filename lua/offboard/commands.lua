-- The command line as data: every command with its arguments, options and examples. cli.lua makes
-- the argparse parser of it, man.lua the manual; a new option is one line here. `key` is the name
-- under which C finds the value; by default the option's own, with "-" as "_".

local config = { "--config", arg = "FILE", help = "the targets (default: $OFFBOARD_CONFIG, then "
  .. "targets.lua in ~/.config/offboard)" }
local ledger = { "--ledger", arg = "FILE", help = "the store of plans and runs (default: "
  .. "$OFFBOARD_LEDGER, then ~/.local/state/offboard)" }
local json = { "--json", help = "events for programs on standard output, one a line" }
local quiet = { "--quiet", help = "no progress, only results and errors" }
local common = { config, ledger, json, quiet }

local yes = { "--yes", help = "do not ask; needed where standard input is no terminal" }
local deadline = { "--deadline", arg = "TIME",
  help = "stop after that, as after SIGTERM: 30m, 2h; `offboard resume` goes on" }
local parallel = { "--parallel", arg = "N", kind = "integer", min = 1, max = 64,
  help = "calls in flight for each target, at most 64" }

-- What plan and apply share: how a policy is run, and the operator's own limits on it.
local policy = {
  { "--input", arg = "NAME=FILE", many = true, kind = "pair",
    help = "the file behind the policy's input NAME; - is standard input; for several "
      .. "inputs, give it again" },
  { "--var", arg = "NAME=VALUE", many = true, kind = "pair",
    help = "a value the policy reads as var \"NAME\"" },
  { "--max-delete", arg = "N|N%", kind = "limit",
    help = "refuse when more people would lose an account; N% is of the target's population" },
  { "--allow-empty", help = "an input without people is no error" },
  { "--policy-memory", arg = "MIB", kind = "integer", min = 1, max = 4096,
    help = "memory the policy may use (default: 64)" },
  { "--policy-cpu", arg = "SECONDS", kind = "integer", min = 1, max = 3600,
    help = "CPU time the policy may use (default: 10)" },
}

local ceiling = { "--ceiling", arg = "N", kind = "integer", min = 1,
  help = "this one plan may disable N people and delete N of each target, whatever targets.lua "
    .. "and the defaults allow; written into the plan, and approved with it" }

local function join(...)
  local all = {}
  for _, list in ipairs { ... } do
    for _, item in ipairs(list) do
      all[#all + 1] = item
    end
  end
  return all
end

local function which_run(help)
  return { "RUN", key = "run", kind = "integer", min = 1, optional = true, help = help }
end

local commands = {
  { "new", summary = "write a commented policy, ready to run",
    about = "Writes the folder NAME with a commented policy, a sample of leavers and a "
      .. "targets.lua to fill in. It runs as it is against the simulated clouds. "
      .. "Nothing that exists is overwritten.",
    arguments = { { "NAME", key = "name", kind = "name", help = "letters, digits, - and _" } },
    options = {
      { "--dir", arg = "DIR", help = "the folder to write (default: NAME)" }, json, quiet },
    examples = { "offboard new leavers", "offboard new contractors --dir policies/contractors" } },

  { "check", summary = "read a policy without running it",
    about = "Reports syntax errors, unknown names, and targets and actions that do not exist. "
      .. "Sends nothing.",
    arguments = { { "POLICY", key = "policy", help = "the policy, a Lua file" } },
    options = common,
    examples = { "offboard check leavers.lua" } },

  { "plan", summary = "say who, what, where and why, and change nothing",
    about = "Runs the policy with reads only, checks every guard and stores the plan. Its id is "
      .. "what `offboard apply` takes: what was reviewed is what runs.",
    arguments = { { "POLICY", key = "policy", help = "the policy, a Lua file" } },
    options = join(policy, { ceiling,
      { "--diff", arg = "PLAN", help = "tell only what is different from that plan, and why" },
      { "--again", help = "a plan of its own, although the same one was carried out already" },
      { "--valid-for", arg = "TIME", help = "refuse to begin it later than that (24h)" },
      { "--detailed-exitcode", help = "exit 2 when the plan would change something" } }, common),
    examples = {
      "offboard plan leavers.lua --input leavers=leavers.csv",
      "hr-export | offboard plan leavers.lua --input leavers=-",
      "offboard plan leavers.lua --input leavers=l.csv --max-delete 2% --json" } },

  { "show", summary = "print a plan or a run again",
    about = "A plan is named by its id (four digits are enough) or `latest`, a run by its number.",
    arguments = { { "PLAN|RUN", key = "what", help = "which one" } },
    options = join({
      { "--person", arg = "KEY", many = true, help = "only what concerns this person; "
        .. "for several people, give it again" },
      { "--diff", arg = "PLAN", help = "what is different in a plan from that one, and why" } },
      common),
    examples = {
      "offboard show latest", "offboard show 9f3c", "offboard show 12 --person m.chen" } },

  { "explain", summary = "everything that is known of one person",
    about = "Their row in each input, what was proposed for them and by which line of the policy, "
      .. "who approved or struck them, every call that named them with its answer, and what "
      .. "became of it. Without an option: the latest plan, and all runs that name them.",
    arguments = { { "PERSON", key = "person", help = "a name or id, exactly as in the plan" } },
    options = join({
      { "--plan", arg = "PLAN", help = "this plan and its runs" },
      { "--run", arg = "RUN", kind = "integer", min = 1, help = "this run and its plan" } },
      common),
    examples = { "offboard explain E00012", "offboard explain jie.wang.0012 --run 12",
      "offboard explain E00012 --json" } },

  { "key", summary = "make or show the key with which you approve",
    about = "`new` writes an Ed25519 key, readable by you alone, and its public half beside it; "
      .. "what is there is never overwritten. `show` prints a key's fingerprint and public half. "
      .. "Both are PEM files as openssl has them.",
    arguments = { { "WHAT", key = "what", choices = { "new", "show" }, help = "new or show" } },
    options = {
      { "--output", arg = "FILE", help = "new: where to (default: key.pem in ~/.config/offboard); "
        .. "the public half goes to FILE with .pub for .pem" },
      { "--key", arg = "FILE", help = "show: which one (default: the same)" }, json, quiet },
    examples = { "offboard key new", "offboard key new --output alice.pem",
      "offboard key show --key alice.pub" } },

  { "approve", summary = "sign a plan, so that it may be carried out",
    about = "Shows the whole plan, asks, and signs it with your key. You may strike people from it "
      .. "and lower its ceiling, never add or raise. Which plans need whose approval is said in "
      .. "targets.lua. On another machine, give the file that `offboard show PLAN --json` wrote, "
      .. "and --output.",
    arguments = { { "PLAN", key = "plan", help = "a plan's id or `latest`, or a file" } },
    options = join({
      { "--key", arg = "FILE", help = "sign with this one (default: key.pem in "
        .. "~/.config/offboard)" },
      { "--strike", arg = "ID,...", many = true,
        help = "leave these out, by name or id as the plan has it" },
      { "--ceiling", arg = "N", kind = "integer", min = 0,
        help = "approve it only for at most N people" },
      { "--valid-for", arg = "TIME", help = "how long it holds: 8h, 3d (default: 24h)" },
      { "--output", arg = "FILE", help = "write the approval there and not to the ledger, for "
        .. "`offboard apply --approval`" }, yes }, common),
    examples = { "offboard approve 9f3c", "offboard approve latest --strike E00012,E00017",
      "offboard approve plan.json --output alice.approval" } },

  { "apply", summary = "carry a plan out",
    about = "Carries out the plan, and nothing that is not in it. A policy is planned first, and "
      .. "then you are asked. Every call is written to the ledger before it leaves, so a run "
      .. "that was stopped goes on with `offboard resume`.",
    arguments = { { "PLAN|POLICY", key = "what", help = "a plan's id, or a policy, a Lua file" } },
    options = join(policy, {
      { "--approval", arg = "FILE", many = true, help = "what `offboard approve --output` wrote; "
        .. "for several approvals, give it again" },
      ceiling, yes, parallel, deadline }, common),
    examples = {
      "offboard apply 9f3c61d2a7b04e55",
      "offboard apply leavers.lua --input leavers=leavers.csv",
      "offboard apply latest --yes --json >> offboard.log" } },

  { "resume", summary = "go on: after a crash, or with what is due now",
    about = "Settles what is in doubt by asking the clouds, then goes on. Without RUN, every run "
      .. "that is open and due. Run it from a timer: what is not due yet stays as it is (exit 22).",
    arguments = { which_run "the number of one run" },
    options = join({
      { "--due-in", arg = "TIME", help = "change nothing; list what is due within that: 12h, 7d" },
      { "--input", arg = "NAME=FILE", many = true, kind = "pair",
        help = "the file that a wait reads again, when it is not where it was; for several "
          .. "inputs, give it again" },
      parallel, deadline }, common),
    examples = { "offboard resume", "offboard resume 12 --parallel 2",
      "offboard resume --due-in 7d" } },

  { "undo", summary = "take back what a run did",
    about = "Plans it, shows what will come back and what cannot, asks, and does it: last step "
      .. "first, for those whom the run changed, from what the clouds said before. What is in "
      .. "doubt is looked up first. A run that still waits is ended by it.",
    arguments = {
      { "RUN", key = "run", kind = "integer", min = 1, help = "the number of the run" } },
    options = join({
      { "--plan", help = "only plan it; `offboard apply` carries the plan out" },
      yes, parallel, deadline }, common),
    examples = { "offboard undo 12", "offboard undo 12 --plan", "offboard undo 12 --yes --json" } },

  { "status", summary = "list runs, or say how one of them stands",
    about = "Without RUN, all runs, newest first. Asks no cloud.",
    arguments = { which_run "the number of one run" },
    options = common,
    examples = { "offboard status", "offboard status 12 --json" } },

  { "export", summary = "print all that is known of a run",
    about = "One line a person and proposal, with what became of it and in how many calls: as CSV, "
      .. "or with --json as one object a line.",
    arguments = {
      { "RUN", key = "run", kind = "integer", min = 1, help = "the number of the run" } },
    options = common,
    examples = {
      "offboard export 12 > run-12.csv", "offboard export 12 --json | gzip > run-12.gz" } },

  { "verify", summary = "hold the ledger against its own chain of events",
    about = "Reads every event and every row and names what was changed, removed, added, swapped "
      .. "or cut off, and whether the head is signed by the installation's key (exit 32). Writes "
      .. "nothing, and works on a copy.",
    arguments = {},
    options = join({
      { "--key", arg = "FILE", help = "the public key, kept where nobody who can write the ledger "
        .. "can (default: beside the ledger, .pub)" },
      { "--head", arg = "HEAD|FILE", help = "a head that a run printed; the chain must still "
        .. "contain it" } }, common),
    examples = { "offboard verify", "offboard verify --key audit/offboard.pub",
      "offboard verify --head \"41 9f3c...\" --json" } },

  { "receipt", summary = "what is proven of one person, for an auditor",
    about = "Writes one document: who decided, who approved, which calls named the person, what "
      .. "the cloud said before and when it was read back, each row as the ledger holds it, and "
      .. "the way from there to the signed head. verify-receipt.sh, a script of under 100 lines "
      .. "with openssl and sha256sum, verifies it without this program.",
    arguments = { { "PERSON", key = "person", help = "the key or an id of the person, whole" } },
    options = join({
      { "--run", arg = "N", kind = "integer", min = 1, help = "only of this run" },
      { "--output", arg = "FILE", help = "write it there (default: standard output)" } }, common),
    examples = { "offboard receipt m.chen --output m.chen.receipt",
      "verify-receipt.sh offboard.pub m.chen.receipt" } },

  { "erase", summary = "make one person unreadable in the ledger",
    about = "Destroys the key that the person's data is held under, and takes them out of every "
      .. "plan, input, reading and run that names others too: these stay readable, and say "
      .. "\"(erased)\" in their place. Neither the file nor its log nor freed pages hold anything "
      .. "of them afterwards, and the chain of events still verifies. Their plans cannot be "
      .. "carried out any more. Refused while an open run needs what is known of them: finish it "
      .. "or undo it first. Names and ids are compared exactly; one shorter than three characters, "
      .. "or a number of less than five digits, is not looked for in free text. Not covered: the "
      .. "input files themselves, backups and copies of the ledger, exports and receipts, what "
      .. "was printed, sent to a log or to an anchor, the clouds, and what a disk keeps of a "
      .. "file's old blocks.",
    arguments = { { "PERSON", key = "person", help = "a name, or an id as a cloud knows it" } },
    options = join({ yes }, common),
    examples = { "offboard erase m.chen", "offboard erase 10023441 --yes --json" } },

  { "call", summary = "one batch call, by hand",
    about = "Calls one action of a target for the people named, with the same checks and the same "
      .. "ledger as a policy. A reading (list, lookup, roles) changes nothing.",
    arguments = {
      { "TARGET", key = "target", help = "a name in targets.lua" },
      { "ACTION", key = "action", help = "an action of its provider, or a reading" },
      { "PERSON", key = "person", many = true, help = "ids as that cloud knows them; "
        .. "- reads them from standard input, one a line" } },
    options = join({ ceiling, yes, parallel,
      { "--admin", arg = "ID", many = true,
        help = "this one is an administrator and is meant; for several, give it again" },
      { "--straight", flag = true,
        help = "delete also who was not disabled first, where the cloud has such a state" } },
      common),
    examples = {
      "offboard call meeting list",
      "offboard call desktops lookup m.chen j.doe",
      "cut -d, -f3 leavers.csv | offboard call desktops lock - --yes" } },

  { "rehearse", summary = "the whole policy on simulated clouds, in virtual time",
    about = "Plans and carries the policy out in this process: the same engine, nothing leaves, "
      .. "and a month of waiting costs nothing. Prints who would be where and when, the calls, "
      .. "the time they take, and which lines each fault reaches. With --seeds it runs many "
      .. "schedules of faults and crashes and checks what must always be true, and what the policy "
      .. "says with expect(); a rule that breaks is told as a short story (exit 13). Targets are "
      .. "those of targets.lua, each simulated; an input that is not given is invented.",
    arguments = { { "POLICY", key = "policy", help = "the policy, a Lua file" } },
    options = join(policy, {
      { "--seed", arg = "N", kind = "integer", min = 0,
        help = "the same seed, the same rehearsal (default: 1)" },
      { "--seeds", arg = "N", kind = "integer", min = 1, max = 100000000,
        help = "run N schedules, drawn from the seeds from --seed on" },
      { "--schedule", arg = "TEXT", help = "run this one: 4:drop-after,c12:crash,refuse=2" },
      { "--faults", arg = "TEXT", help = "what goes wrong all the time, as in offboard sim" },
      { "--people", arg = "N", kind = "integer", min = 1, max = 10000000,
        help = "how many people each cloud has" },
      { "--leavers", arg = "N", kind = "integer", min = 1, max = 10000000,
        help = "how many to invent for an input that is not given (default: 6)" },
      { "--from-export", arg = "TARGET=FILE", many = true,
        help = "the people of a real cloud: what `offboard call TARGET list --json` printed; "
          .. "for several targets, give it again" },
      { "--today", arg = "DATE", help = "the day on which it begins (default: today)" },
      config, json, quiet }),
    examples = {
      "offboard rehearse leavers.lua",
      "offboard rehearse leavers.lua --input leavers=leavers.csv --seeds 1000",
      "offboard call meeting list --json > meeting.json\n"
        .. "  offboard rehearse leavers.lua --input leavers=l.csv \\\n"
        .. "      --from-export meeting=meeting.json" } },

  { "sim", summary = "run the simulated clouds",
    about = "Serves every provider's API on the loopback address, with people made from a seed. "
      .. "With a command after --, runs that command against it and exits as it does; the "
      .. "command finds its targets by $OFFBOARD_CONFIG. Nothing leaves this machine.",
    arguments = { { "-- COMMAND", key = "exec", many = true,
      help = "run this against the simulation, then stop" } },
    options = {
      { "--port", arg = "N", kind = "integer", min = 0, max = 65535,
        help = "where to listen (default: any free port)" },
      { "--https", help = "with a certificate of its own" },
      { "--ca-out", arg = "FILE", help = "write the certificate's CA there" },
      { "--people", arg = "N", kind = "integer", min = 0, max = 10000000,
        help = "how many people the clouds know" },
      { "--from", arg = "FILE", help = "take the people from this CSV instead" },
      { "--faults", arg = "TEXT", help = "what goes wrong, see below" },
      { "--seed", arg = "N", kind = "integer", min = 0, help = "the same seed, the same clouds" },
      { "--contract", arg = "KIND", choices = { "all-or-nothing", "per-person", "changing" },
        help = "how a batch with a bad id is answered: all-or-nothing, per-person or changing" },
      { "--targets", arg = "FILE", help = "write a targets.lua for these clouds" },
      { "--leavers", arg = "FILE", help = "write a CSV of people who leave" },
      { "--leavers-count", arg = "N", kind = "integer", min = 0, max = 10000000,
        help = "how many of them" },
      { "--state", arg = "URL", help = "ask a running simulation what it holds now" },
      { "--ca", arg = "FILE", help = "the CA of that simulation" },
      { "--state-out", arg = "FILE", help = "write what the clouds hold at the end" },
      { "--log", arg = "FILE", help = "write every request, one a line" },
      json, quiet },
    notes = { "Faults, several joined by commas", {
      { "poison=N or a+b", "N ids, or these, that a batch is refused for" },
      { "throttle=SHARE", "this share of calls is refused for now" },
      { "rate=N/s", "more calls than that are refused for now" },
      { "5xx=SHARE", "fail before anything is done" },
      { "5xx-after=SHARE", "fail after all is done" },
      { "drop-before=SHARE", "close the connection, nothing done" },
      { "drop-after=SHARE", "close the connection, all done" },
      { "cut=SHARE", "half an answer" },
      { "html=SHARE", "a proxy's error page" },
      { "lost=SHARE", "all done, and no answer ever comes" },
      { "slow=50ms", "every answer takes that long" },
      { "token-dies=N", "a token is good for N calls" },
      { "skew=20m", "the clouds' clock is off by that" },
      { "partial=SHARE", "half of a batch is done, then refused for now" },
      { "nonce-used=SHARE", "all done, and the answer says the request came before" },
      { "lag=2s", "readings show what was before, for so long" },
      { "meeting:FAULT", "only there; also studio:, desktops: and iam:" } } },
    examples = {
      "offboard sim --port 8090 --people 1000",
      "offboard sim --people 300 --leavers l.csv -- \\\n"
        .. "      offboard apply leavers.lua --input leavers=l.csv --yes",
      "offboard sim --faults throttle=0.1,drop-after=0.05 --seed 7 -- sh" } },

  { "completion", summary = "print a completion script for a shell",
    about = "Prints the script; where it goes is the shell's affair.",
    arguments = { { "SHELL", key = "shell", choices = { "bash", "zsh", "fish" },
      help = "bash, zsh or fish" } },
    options = {},
    examples = {
      "offboard completion bash > ~/.local/share/bash-completion/completions/offboard",
      "offboard completion zsh > \"${fpath[1]}/_offboard\"",
      "offboard completion fish > ~/.config/fish/completions/offboard.fish" } },

  { "man", summary = "print the manual as a man page",
    about = "Prints roff for man(1): the whole manual, or one command's page.",
    arguments = { { "COMMAND", key = "topic", optional = true, help = "only this command" } },
    options = {},
    examples = { "offboard man > offboard.1", "offboard man plan | man -l -" } },
}

local exits = {
  { 0, "done, or nothing to do" },
  { 1, "error" },
  { 2, "changes (only plan --detailed-exitcode)" },
  { 10, "guard: refused, nothing was changed" },
  { 11, "not approved, or nobody confirmed" },
  { 12, "stale: the plan no longer fits" },
  { 13, "policy: an error in the script, or its limits" },
  { 14, "input: unreadable, empty or malformed" },
  { 20, "partial: some people failed" },
  { 21, "in doubt: some outcomes are unknown" },
  { 22, "waiting: something is due later" },
  { 23, "throttled out: the cloud kept refusing" },
  { 30, "credential: missing or refused" },
  { 31, "locked: another process holds this run" },
  { 32, "audit: the ledger does not add up" },
  { 64, "usage: the command line or targets.lua" },
  { 130, "stopped by Ctrl-C; 143: by SIGTERM or --deadline; resumable" },
}

local environment = {
  { "OFFBOARD_CONFIG", "the targets, when --config is not given" },
  { "OFFBOARD_LEDGER", "the ledger, when --ledger is not given" },
  { "NO_COLOR", "when set, nothing is coloured" },
  { "XDG_CONFIG_HOME, XDG_STATE_HOME", "where targets.lua and the ledger are looked for" },
}

return {
  about = "Takes leavers out of cloud services by a policy written in Lua.",
  commands = commands,
  common = common,
  exits = exits,
  environment = environment,
}

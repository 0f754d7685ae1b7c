-- Reads the command line: the data of commands.lua through argparse. Runs in a tool state of our
-- own binary. It prints nothing and ends nothing; C gets a value and decides.

local argparse = use "argparse"
local spec = use "offboard.commands"
local man = use "offboard.man"

local M = {}

-- ---- values --------------------------------------------------------------------------------

local kinds = {}

function kinds.integer(text, item)
  local n = text:match "^%d+$" and math.tointeger(tonumber(text))
  if not n or n < item.min or (item.max and n > item.max) then
    local range = item.max and ("from %d to %d"):format(item.min, item.max)
      or ("of %d or more"):format(item.min)
    return nil, ("%s takes a whole number %s, not '%s'"):format(item[1], range, text)
  end
  return n
end

function kinds.pair(text, item)
  if text:match "^[%a_][%w_]*=" then
    return text
  end
  return nil, ("%s takes %s, not '%s'"):format(item[1], item.arg, text)
end

function kinds.limit(text, item)
  local share = text:match "^(%d+%.?%d*)%%$"
  if text:match "^%d+$" and math.tointeger(tonumber(text)) or share and tonumber(share) <= 100 then
    return text
  end
  return nil, ("%s takes a number of people or a share like 5%%, not '%s'"):format(item[1], text)
end

function kinds.name(text, item)
  if text:match "^[%w_][%w_-]*$" then
    return text
  end
  return nil, ("%s is made of letters, digits, - and _, not '%s'"):format(item[1], text)
end

-- ---- the parser ----------------------------------------------------------------------------

local function finish(element, item)
  element:description(item.help)
  if item.key then
    element:target(item.key)
  end
  if item.choices then
    element:choices(item.choices)
  end
  if item.arg then
    element:argname(item.arg)
  end
  local kind = kinds[item.kind]
  if kind then
    element:convert(function(text)
      return kind(text, item)
    end)
  end
end

local function add_option(parser, item)
  local option = item.arg and parser:option(item[1]) or parser:flag(item[1])
  if item.many then
    option:count "*"
  end
  finish(option, item)
  return option
end

local function add_argument(parser, item)
  local argument = parser:argument(item[1]):argname(item[1])
  if item.many then
    argument:args "*"
  elseif item.optional then
    argument:args "?"
  end
  finish(argument, item)
end

local function add_help(parser)
  parser:flag "-h --help":description "print this and exit":target "help"
end

local function epilog(command)
  local lines = {}
  if command.notes then
    lines[1] = command.notes[1] .. ":"
    for _, note in ipairs(command.notes[2]) do
      lines[#lines + 1] = ("   %-20s %s"):format(note[1], note[2])
    end
    lines[#lines + 1] = ""
  end
  lines[#lines + 1] = #command.examples > 1 and "Examples:" or "Example:"
  for _, example in ipairs(command.examples) do
    lines[#lines + 1] = "   " .. example
  end
  return table.concat(lines, "\n")
end

local function add_command(parser, data)
  -- argparse notes the command also under its own name: moved out of the options' way
  local command = parser:command(data[1]):target "is_command"
  command:add_help(false)
  command:summary(data.summary):description(data.about):epilog(epilog(data))
  for _, item in ipairs(data.arguments) do
    add_argument(command, item)
  end
  for _, item in ipairs(data.options) do
    add_option(command, item)
  end
  add_help(command)
  return command
end

local function root_epilog()
  local lines = { "Exit codes:" }
  for _, exit in ipairs(spec.exits) do
    lines[#lines + 1] = ("   %3d  %s"):format(exit[1], exit[2])
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "Start with `offboard new leavers`; `offboard COMMAND --help` has examples."
  return table.concat(lines, "\n")
end

-- The common options also stand before the command; hidden there, so that help stays short.
local function build()
  local parser = argparse("offboard", spec.about, root_epilog())
  parser:add_help(false):command_target "command"
  parser:usage_max_width(80):help_max_width(80):help_description_margin(27)
  local by_name = {}
  for _, data in ipairs(spec.commands) do
    by_name[data[1]] = add_command(parser, data)
  end
  for _, item in ipairs(spec.common) do
    add_option(parser, item):hidden(true):target("root_" .. item[1]:sub(3))
  end
  parser:flag "--version":description "print the version and exit"
  add_help(parser)
  return parser, by_name
end

local function short_help()
  local lines = { spec.about, "", "Usage: offboard <command> ...", "", "Commands:" }
  for _, data in ipairs(spec.commands) do
    lines[#lines + 1] = ("   %-12s %s"):format(data[1], data.summary)
  end
  lines[#lines + 1] = ""
  lines[#lines + 1] = "`offboard --help` has more, `offboard COMMAND --help` has examples."
  return table.concat(lines, "\n")
end

-- ---- reading -------------------------------------------------------------------------------

-- The words up to a "--", and the command among them.
local function survey(argv, by_name)
  local words, command, dashes = {}, nil, false
  for _, word in ipairs(argv) do
    if word == "--" then
      dashes = true
      break
    end
    words[word] = true
    command = command or by_name[word] and word
  end
  return words, command, dashes
end

local function find_data(name)
  for _, data in ipairs(spec.commands) do
    if data[1] == name then
      return data
    end
  end
end

-- What stood before the command goes where the command's own would be.
local function merge_common(args)
  local known = {}
  for _, item in ipairs(find_data(args.command).options) do
    known[item[1]] = true
  end
  for _, item in ipairs(spec.common) do
    local name = item[1]:sub(3)
    local before = args["root_" .. name]
    args["root_" .. name] = nil
    if before and not known[item[1]] then
      return ("%s is no option of %s"):format(item[1], args.command)
    end
    args[name] = args[name] or before
  end
end

-- argparse prints and exits by itself unless its error function is another: ours unwinds.
local function read(parser, argv)
  function parser.error(_, message)
    error({ usage = message }, 0)
  end
  local ok, result = pcall(parser.parse, parser, argv)
  if ok then
    return result
  elseif type(result) == "table" and result.usage then
    return nil, result.usage
  end
  error(result, 0)
end

local function tidy(args)
  for key, value in pairs(args) do
    if type(value) == "table" and #value == 0 then
      args[key] = nil
    end
  end
  args.is_command, args.help = nil, nil
end

local function refuse(message, command)
  return {
    error = (message:gsub("\nDid (.-)%?", " (did %1?)"):gsub("%s*\n%s*", " ")),
    see = "offboard " .. (command and command .. " --help" or "--help"),
  }
end

local function answer_directly(argv, words, command, parser, by_name)
  if #argv == 0 then
    return { text = short_help() }
  elseif words["-h"] or words["--help"] then
    return { text = (by_name[command] or parser):get_help() }
  elseif argv[1] == "help" and (not argv[2] or by_name[argv[2]]) then
    return { text = (by_name[argv[2]] or parser):get_help() }
  elseif argv[1] == "help" then
    return refuse(("unknown command '%s'"):format(argv[2]))
  elseif words["--version"] and not command then
    return { version = true }
  end
end

-- { args = map } | { text = to print } | { version = true } | { error =, see = }
function M.parse(argv)
  local parser, by_name = build()
  local words, command, dashes = survey(argv, by_name)
  local direct = answer_directly(argv, words, command, parser, by_name)
  if direct then
    return direct
  end
  local args, mistake = read(parser, argv)
  if mistake then
    return refuse(mistake, command)
  end
  local problem = merge_common(args)
  tidy(args)
  if args.exec and not dashes then
    problem = ("put -- before the command to run: -- %s"):format(table.concat(args.exec, " "))
  elseif args.topic and not by_name[args.topic] then
    problem = ("unknown command '%s'"):format(args.topic)
  end
  if problem then
    return refuse(problem, args.command)
  end
  return { args = args }
end

function M.completion(shell)
  local parser = build()
  return parser["get_" .. shell .. "_complete"](parser)
end

-- The whole manual, or one command's page.
function M.man(version, topic)
  return man.page(spec, version, topic and find_data(topic))
end

return M

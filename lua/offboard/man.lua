-- The manual as roff, from the data of commands.lua: what --help says, laid out for man(1).

local M = {}

-- Text that roff takes as it is; a line that begins like a request is guarded.
local function escape(text)
  text = text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("\n", " ")
  return (text:gsub("^([.'])", "\\&%1"))
end

local function usage(command)
  local words = {}
  for _, item in ipairs(command.options) do
    local text = item.arg and item[1] .. " " .. item.arg or item[1]
    words[#words + 1] = "[" .. text .. "]" .. (item.many and "..." or "")
  end
  for _, item in ipairs(command.arguments) do
    local text = (item.optional or item.many) and "[" .. item[1] .. "]" or item[1]
    words[#words + 1] = text .. (item.many and "..." or "")
  end
  return ("\\fBoffboard %s\\fR %s"):format(command[1], escape(table.concat(words, " ")))
end

local function put_list(out, items)
  for _, item in ipairs(items) do
    out[#out + 1] = ".TP\n\\fB" .. escape(tostring(item[1])) .. "\\fR"
      .. (item.arg and " \\fI" .. escape(item.arg) .. "\\fR" or "")
    out[#out + 1] = escape(item.help or item[2])
  end
end

local function put_examples(out, command)
  out[#out + 1] = ".PP\n.nf"
  for _, example in ipairs(command.examples) do
    for line in (example .. "\n"):gmatch "([^\n]*)\n" do
      out[#out + 1] = escape("    " .. line)
    end
  end
  out[#out + 1] = ".fi"
end

-- One command under headings of the given request.
local function put_command(out, command, heading)
  out[#out + 1] = escape(command.about)
  put_list(out, command.arguments)
  put_list(out, command.options)
  if command.notes then
    out[#out + 1] = heading .. " " .. command.notes[1]
    put_list(out, command.notes[2])
  end
  out[#out + 1] = heading .. (heading == ".SH" and " EXAMPLES" or " Examples")
  put_examples(out, command)
end

local function title(name, version)
  return ('.TH "%s" 1 "" "offboard %s" "User Commands"\n.nh\n.ad l'):format(name:upper(),
    escape(version))
end

local function command_page(command, version)
  local name = "offboard-" .. command[1]
  local out = { title(name, version), ".SH NAME",
    escape(name) .. " \\- " .. escape(command.summary), ".SH SYNOPSIS", usage(command),
    ".SH DESCRIPTION" }
  put_command(out, command, ".SH")
  out[#out + 1] = ".SH SEE ALSO\n\\fBoffboard\\fR(1)\n"
  return table.concat(out, "\n")
end

local function whole_manual(spec, version)
  local out = { title("offboard", version), ".SH NAME",
    "offboard \\- take leavers out of cloud services", ".SH SYNOPSIS",
    "\\fBoffboard\\fR \\fICOMMAND\\fR ...", ".SH DESCRIPTION", escape(spec.about), ".SH COMMANDS" }
  for _, command in ipairs(spec.commands) do
    out[#out + 1] = ".SS " .. command[1]
    out[#out + 1] = usage(command) .. "\n.PP"
    put_command(out, command, ".PP\n.B")
  end
  out[#out + 1] = ".SH EXIT STATUS"
  put_list(out, spec.exits)
  out[#out + 1] = ".SH ENVIRONMENT"
  put_list(out, spec.environment)
  return table.concat(out, "\n") .. "\n"
end

function M.page(spec, version, command)
  return command and command_page(command, version) or whole_manual(spec, version)
end

return M

-- What Lua files may use. The sandbox leaves out much of Lua, so the allow-list stands here again:
-- a name that is missing at run time is a warning already.
stds.sandbox = {
  read_globals = {
    "assert", "error", "ipairs", "next", "pairs", "pcall", "rawequal", "rawlen", "select",
    "tonumber", "tostring", "type", "use",
    string = { fields = { "byte", "char", "find", "format", "gmatch", "gsub", "len", "lower",
      "match", "rep", "reverse", "sub", "upper" } },
    table = { fields = { "concat", "insert", "move", "pack", "remove", "sort", "unpack" } },
    math = { fields = { "abs", "ceil", "exp", "floor", "fmod", "huge", "log", "max",
      "maxinteger", "min", "mininteger", "modf", "pi", "sqrt", "tointeger", "type", "ult" } },
    utf8 = { fields = { "char", "charpattern", "codepoint", "codes", "len", "offset" } },
  },
}
stds.policy = {
  read_globals = { "input", "target", "together", "limit", "protect", "today", "now", "days",
    "var", "note", "fail", "key", "wait", "expect" },
}
stds.provider = { read_globals = { "json", "log", "url", "time" } }
stds.sim = { read_globals = { "digest" } }
stds.config = {
  read_globals = { "target", "env", "secret", "aliyun_profile", "aliyun_env",
    "huaweicloud_profile", "huaweicloud_env" },
}

std = "sandbox"
max_line_length = 100
exclude_files = { "**/node_modules/**", "build*/**" }

files["lua/offboard"] = { std = "sandbox+provider" }
files["lua/provider"] = { std = "sandbox+provider" }
files["lua/sim"] = { std = "sandbox+provider+sim" }
files["lua/offboard/templates/policy.lua"] = { std = "sandbox+policy" }
files["lua/offboard/templates/targets.lua"] = { std = "sandbox+config" }
files["lua/types.lua"] = { std = "sandbox", ignore = { "111", "112", "113", "131", "211", "212" } }
files["lua/types_provider.lua"] = { std = "sandbox",
  ignore = { "111", "112", "113", "131", "211", "212" } }
files["scripts"] = { std = "sandbox+policy" }
files["**/targets*.lua"] = { std = "sandbox+config" }

/* string.find, match, gmatch and gsub of the sandbox. */
#pragma once
#include "script/sandbox.h"

extern const luaL_Reg ob_search_functions[];

-- A script's own tables have the methods it gives them, by whatever way.
local Box = {}
function Box:open() return self end
Box.shut = function() end
Box["turn"] = function() end
local made = { shake = function() end, ["empty_out"] = function() end }
local function use_all(x)
  x:open() x:shut() x:turn() x:shake() x:empty_out()
end
use_all(Box) use_all(made)

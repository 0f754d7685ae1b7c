-- Finds the operation for a method and path among the routes of all clouds, segment by segment;
-- '*' stands for one segment, which is handed on decoded. A segment that is named wins over '*'.

local wire = use "sim.wire"

local M = {}

local function segments_of(path)
  return wire.split(string.sub(path, 2), "/")
end

function M.new()
  return { children = {}, methods = {} }
end

-- `route` is { method, pattern, ... }.
function M.add(tree, route)
  local node = tree
  for _, segment in ipairs(segments_of(route[2])) do
    node.children[segment] = node.children[segment] or M.new()
    node = node.children[segment]
  end
  node.methods[route[1]] = route
end

local function descend(node, segments, at, method, args)
  local segment = segments[at]
  if not segment then
    return node.methods[method]
  end
  local named = node.children[segment]
  local route = named and descend(named, segments, at + 1, method, args)
  if route or not node.children["*"] then
    return route
  end
  args[#args + 1] = digest.percent_decode(segment, false)
  route = descend(node.children["*"], segments, at + 1, method, args)
  if not route then
    args[#args] = nil
  end
  return route
end

-- The route and the decoded segments that '*' stood for, or nil.
function M.find(tree, method, path)
  local args = {}
  if #path > 2048 then
    return nil
  end
  return descend(tree, segments_of(path), 1, method, args), args
end

return M

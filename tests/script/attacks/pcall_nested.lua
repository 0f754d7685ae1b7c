-- expect: error pcall nested more than 32 deep
-- Each level of pcall walks all calls when an error passes.
local function nest(n)
  local ok, message = pcall(nest, n + 1)
  if not ok then
    error(message, 0)
  end
end
nest(1)

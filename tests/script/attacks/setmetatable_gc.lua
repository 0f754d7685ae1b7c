-- expect: error "setmetatable" is not available
-- Finalizers run with the hook off, so there are no metatables.
setmetatable({}, { __gc = function()
  while true do end
end })

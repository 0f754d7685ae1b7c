-- expect: error "coroutine" is not available
-- The instruction count restarts in each coroutine.
while true do
  coroutine.wrap(function() end)()
end

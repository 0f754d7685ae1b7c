count = 0
function helper() end
today = nil
local total = 0
totla = total + 1
for i = 1, 3 do
  count = count + i
end
local function f() _ENV.other = 1 end
f()
-- expect 1: global "count" assigned: write "local count"
-- expect 2: global "helper" assigned: write "local helper"
-- expect 3: "today" is built in and cannot be replaced
-- expect 5: global "totla" assigned: write "local totla"; did you mean "total"?
-- expect 7: global "count" assigned: write "local count"
-- expect 7: unknown name "count"
-- expect 9: global "other" assigned: write "local other"

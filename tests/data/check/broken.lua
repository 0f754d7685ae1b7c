-- A target that is there and cannot be opened is said where it is named; its actions are not
-- judged, as far as any provider has them.
local b = target "broken"
b:lock(input.csv "leavers")
-- expect+ 3: targets.lua:4: target "broken": there is no provider "no-such-cloud"; known are alibaba-eds, huawei-dataarts, huawei-meeting

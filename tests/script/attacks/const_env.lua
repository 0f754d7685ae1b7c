-- expect: error attempt to index|error
-- Names under an _ENV that is a constant (CVE-2022-28805).
local _ENV <const> = 11
return X

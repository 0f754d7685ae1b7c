-- expect: budget|error pattern too complex
-- Twenty lazy quantifiers on 300 bytes.
return ("a"):rep(300):find((".-"):rep(20) .. "b")

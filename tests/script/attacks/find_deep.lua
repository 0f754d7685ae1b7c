-- expect: error pattern too complex
-- Recursion in the matcher is bounded.
return ("a"):rep(1000):match(("a?"):rep(1000))

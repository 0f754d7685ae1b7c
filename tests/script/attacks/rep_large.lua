-- expect: memory
-- 512 MiB from one call.
return ("x"):rep(1 << 28)

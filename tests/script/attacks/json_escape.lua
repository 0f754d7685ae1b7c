-- expect: error larger than 16 MiB
-- Each byte becomes six.
json.encode(("\1"):rep(8000000))

-- expect: error more than 8 MiB
-- CVE-2022-24834: the size of a buffer overflows.
json.encode(("x"):rep(9000000))

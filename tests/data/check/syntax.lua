local people = input.csv "leavers"
limit { users = 200 )
note(unknown)
-- expect 2: '}' expected near ')'

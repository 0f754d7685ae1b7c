local x <const> = 1

x = 2
-- expect 3: attempt to assign to const variable 'x'

-- expect: error global "x" assigned: write "local x"
-- A forgotten local.
x = 1

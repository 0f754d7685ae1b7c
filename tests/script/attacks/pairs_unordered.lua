-- expect: error has no order to walk it in
-- Keys without an order would differ from run to run.
for _ in pairs { [{}] = 1 } do end

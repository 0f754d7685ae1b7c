-- expect: error cannot be changed
table.copy = function() end

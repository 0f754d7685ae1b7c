-- expect: error attempt to call a nil value (field 'dump')
-- dump makes bytecode.
string.dump(function() end)

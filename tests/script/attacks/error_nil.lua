-- expect: error error without a message
error(nil)

-- expect: error "string" is built in and cannot be replaced
string = {}

-- expect: error neither a list nor a table
json.encode { [1 << 40] = 1 }

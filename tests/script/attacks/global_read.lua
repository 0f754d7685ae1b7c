-- expect: error unknown name "undefined_name"
-- A typing error.
return undefined_name

-- expect: error global "y" assigned
-- Through the name _ENV.
_ENV.y = 1

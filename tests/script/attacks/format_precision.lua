-- expect: error invalid conversion
return ("%.999f"):format(1e308)

#!/usr/bin/env offboard
note(missing)
-- expect 2: unknown name "missing"

-- expect: budget
-- A loop made of a goto.
::again::
goto again

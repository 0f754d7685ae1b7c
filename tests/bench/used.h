/* What a program used, from wait4(): for the bench only. */
#pragma once

struct used {
    double user, sys, wall; /* seconds */
    long peak_kib;
    int code; /* exit code, or minus a signal */
};

/* Runs argv to its end. `quiet`: its output goes nowhere. Ends the process when it cannot. */
struct used used_by(const char *const *argv, int quiet);

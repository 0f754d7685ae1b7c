/* One world and one run in it, killed at moments drawn from a seed and resumed until it ends by
 * itself. Runs inside of `offboard sim ... -- crash_test --inside ...`; leaves its findings as
 * files in its folder, for the one who compares worlds. */
#pragma once
#include <stdint.h>

struct measure { /* of an unbroken run: where moments are drawn from */
    int64_t us, bytes, requests, effects;
};

struct campaign {
    const char *offboard, *policy, *folder;
    int log_fd;    /* the simulator's log */
    uint64_t seed; /* of the moments */
    int quota;     /* kills at most */
    int point;     /* instead: the first life ends at this point of points.c; 0: no */
    struct measure whole;
};

struct result { /* the file "result" */
    int kills, lives,
        again; /* again: lives that ended by themselves without bringing it to its end */
    struct measure last;
    long succeeded, failed, skipped;
};

/* Writes "clouds", "people", "faults" and "result". Ends the process when it cannot. */
void campaign_run(const struct campaign *c);

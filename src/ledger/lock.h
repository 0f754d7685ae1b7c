/* One process per run, by a lock that the kernel takes back when its holder dies. */
#pragma once
#include <stdint.h>
#include "base/status.h"

struct ob_lock {
    char *path; /* the lock file; NULL: nothing is shared, every lock is granted */
    int fd;     /* -1 until the first lock */
};

void ob_lock_init(struct ob_lock *k, const char *beside); /* NULL: no file */
void ob_lock_fini(struct ob_lock *k);                     /* drops all */
OB_MUST_CHECK enum ob_status ob_lock_take(struct ob_lock *k, int64_t run, struct ob_err *err);
void ob_lock_drop(struct ob_lock *k, int64_t run);

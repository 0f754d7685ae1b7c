/* A timer that ends the process when a policy's thread is far past its CPU budget. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Only from the thread that runs policies. */
void ob_watchdog_start(int64_t budget_ns);
void ob_watchdog_stop(void);

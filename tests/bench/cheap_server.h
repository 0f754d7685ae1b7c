/* A cloud that costs next to nothing: keep-alive HTTP/1.1 on the loopback address in a thread of
 * this process, one epoll loop, answers put together by memcpy. It speaks as much of Alibaba EDS
 * as an `offboard apply` of desktops:lock needs, and checks nothing. Everybody is active until the
 * first LockUsers comes, and locked from then on. */
#pragma once
#include <stdio.h>

struct cheap_server;

/* Every request that comes is written to `record` as it came (may be NULL). Ends the process when
 * it cannot. */
struct cheap_server *cheap_server_start(FILE *record);
int cheap_server_port(const struct cheap_server *s);
/* How many requests were answered since the last time this was asked. */
long cheap_server_calls(struct cheap_server *s);
/* Everybody is active again; from now on requests go to `record`. No connection may be at work. */
void cheap_server_reset(struct cheap_server *s, FILE *record);

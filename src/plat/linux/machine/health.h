/* plat/linux/machine/health.h - what a health check looks at. */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* A port of that name has a link. */
bool lb_health_link(const char *port);

/* The interface has an IPv4 or IPv6 address, and not only a link-local one. */
bool lb_health_address(const char *interface);

/* Somebody listens on that TCP port, on whatever address. */
bool lb_health_tcp(unsigned port);

/* The file holds the number of a process that runs. */
bool lb_health_pid(const char *file);

/* The command ends with 0 within limit_ms; then it is killed. */
bool lb_health_run(const char *command, unsigned limit_ms);

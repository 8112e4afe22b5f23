/* lifeboat/page/rights.h - what the page's server gives up before it hears a stranger. */
#pragma once

#include <stddef.h>

#include "base/err.h"

#define LB_PAGE_FDS 32 /* of the server: two of its own, libevent's, and some 24 connections */

/* For good: all descriptors but these two, the file system (an empty directory takes its place),
 * root's identity and capabilities, new privileges, new processes, files. Their numbers afterwards
 * are in `keep`. LB_E(...): then nothing may be served. */
MUST_CHECK int lb_page_give_up_rights(int keep[2]);

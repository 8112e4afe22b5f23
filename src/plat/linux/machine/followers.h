/* plat/linux/machine/followers.h - lines of text for whoever listens on a stream socket. Nobody is
 * waited for: who does not read is dropped. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "tables/limits.h"

#define LB_FOLLOWERS_MAX     8 /* a display, a web page in some browsers, a person or two */
#define LB_FOLLOWER_LINE_MAX (2 * LB_SENTENCE_MAX)

struct lb_followers {
	int listener; /* -1 = there is no socket: all below do nothing */
	int fds[LB_FOLLOWERS_MAX];
	size_t count;
	char last[LB_FOLLOWER_LINE_MAX]; /* who comes later begins with it; with its line end */
	char path[108];			 /* sun_path */
};

/* Listen at `path`, for root only; a socket that somebody has left there goes. 0, or LB_E(...) with
 * nothing open. */
MUST_CHECK int lb_followers_open(struct lb_followers *f, const char *path);

/* One line, without line end; "" = nothing new, only see who has come. What is too long is cut. */
void lb_followers_tell(struct lb_followers *f, const char *line);

/* Everybody sees the end; the socket is gone. */
void lb_followers_close(struct lb_followers *f);

/* plan/fetch.h - a download over a line that may break: when to try again, from where, and when to
 * give up (pure).
 *
 * curl makes the attempts, one at a time (lifeboat/fetch/attempt.c). Whoever gets on is never given
 * up before the whole time is over; who does not is after some attempts in a row. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "plan/http_head.h"

/* How one attempt ended. */
enum lb_fetch_end {
	LB_FETCH_END_GOT,	/* all of it is there */
	LB_FETCH_END_AGAIN,	/* the line or the server failed: it may be back in a moment */
	LB_FETCH_END_CHANGED,	/* not the file any more that was begun: from its start */
	LB_FETCH_END_REFUSED,	/* it will not get better */
	LB_FETCH_END_UNTRUSTED, /* the certificate */
	LB_FETCH_END_TOO_LARGE,
};

struct lb_fetch_rules {
	unsigned tries;		/* in a row without one more byte; 1 or more */
	uint64_t first_wait_ms; /* doubled with each */
	uint64_t longest_wait_ms;
	uint64_t whole_ms; /* for all of it */
};
extern const struct lb_fetch_rules lb_fetch_usual;

enum lb_fetch_deed {
	LB_FETCH_GET,	 /* one attempt from `from_bytes` on */
	LB_FETCH_WAIT,	 /* until wake_ms, then ask again */
	LB_FETCH_DONE,	 /* all of it is there */
	LB_FETCH_FAILED, /* as the last attempt ended */
};

struct lb_fetch_step {
	enum lb_fetch_deed deed;
	uint64_t from_bytes, wake_ms;
	uint64_t left_ms; /* GET: what is left of the whole time, never 0 */
};

struct lb_fetch_plan {
	uint64_t end_ms, wake_ms, have_bytes;
	unsigned fruitless, restarts;
};

/* What is known after an attempt. */
struct lb_fetch_seen {
	enum lb_fetch_end end;
	uint64_t have_bytes; /* of the file, as it is now */
	bool can_resume;     /* the server gave something to tell this file from another one */
};

struct lb_fetch_step lb_fetch_begin(struct lb_fetch_plan *p, const struct lb_fetch_rules *rules,
				    uint64_t now_ms);
/* After an attempt. */
struct lb_fetch_step lb_fetch_next(struct lb_fetch_plan *p, const struct lb_fetch_rules *rules,
				   const struct lb_fetch_seen *seen, uint64_t now_ms);
/* After a wait. */
struct lb_fetch_step lb_fetch_waited(struct lb_fetch_plan *p, uint64_t now_ms);

/* What curl's exit status and the server's answer mean for an attempt that started at `from_bytes`,
 * when `known_bytes` is the length that the file had before (0 = not known) and have_bytes what is
 * there now. `text` is the end of a sentence that starts with the address. */
enum lb_fetch_end lb_fetch_judge(int curl_exit, const struct lb_http_head *head,
				 uint64_t from_bytes, uint64_t known_bytes, uint64_t have_bytes,
				 const char **text);

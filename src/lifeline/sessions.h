/* lifeline/sessions.h - which devices were seen, and what about the latest datagram is news.
 *
 * Pure: time comes in as milliseconds of any monotonic clock. One session per protocol and MAC
 * address; a Lifeboat device also sends OpenWrt's datagram, which then is no news.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lifeline/sighting.h"

#define LB_SESSIONS_MAX 256  /* more devices than ports in any workshop; the oldest is replaced */
#define LB_SILENCE_MS	5000 /* devices send once per second: five lost in a row are no accident */

enum lb_news {
	LB_NEWS_NONE,
	LB_NEWS_NEW,	 /* first seen, or heard again after it was lost */
	LB_NEWS_CHANGED, /* another state, reason, policy, address or text; or its window began anew
			  */
	LB_NEWS_LEFT,	 /* nothing but the time left, at a mark worth saying */
	LB_NEWS_LOST,	 /* silent for LB_SILENCE_MS */
};

struct lb_session {
	bool used, lost;
	uint64_t heard_ms;
	uint32_t said_left_s;
	struct lb_sighting last;
};

struct lb_sessions {
	struct lb_session slots[LB_SESSIONS_MAX]; /* all zero to begin with */
	unsigned devices;			  /* different MAC addresses so far */
};

/* Take in one sighting. `*session` is the device's session, NULL with LB_NEWS_NONE; it is valid
 * until the next call. */
enum lb_news lb_sessions_see(struct lb_sessions *s, const struct lb_sighting *seen, uint64_t now_ms,
			     const struct lb_session **session);

/* The next device that fell silent (LB_NEWS_LOST), once each; NULL = none. */
const struct lb_session *lb_sessions_next_lost(struct lb_sessions *s, uint64_t now_ms);

/* Whole seconds until the window closes, rounded up. Only when left_ms is not LB_LEFT_NONE. */
uint32_t lb_left_seconds(uint32_t left_ms);

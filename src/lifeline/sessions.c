#include "lifeline/sessions.h"

#include <string.h>

/* A second more than said before is no jitter of the sender but a new window. */
#define WINDOW_RESTART_MS 1000

static struct lb_session *find(struct lb_sessions *s, enum lb_protocol protocol, const uint8_t *mac)
{
	for (size_t i = 0; i < LB_SESSIONS_MAX; i++) {
		struct lb_session *slot = &s->slots[i];

		if (slot->used && slot->last.protocol == protocol &&
		    memcmp(slot->last.mac, mac, LB_MAC_BYTES) == 0)
			return slot;
	}
	return NULL;
}

static struct lb_session *free_or_oldest(struct lb_sessions *s)
{
	struct lb_session *oldest = &s->slots[0];

	for (size_t i = 0; i < LB_SESSIONS_MAX; i++) {
		if (!s->slots[i].used)
			return &s->slots[i];
		if (s->slots[i].heard_ms < oldest->heard_ms)
			oldest = &s->slots[i];
	}
	return oldest;
}

uint32_t lb_left_seconds(uint32_t left_ms)
{
	return left_ms / 1000 + (left_ms % 1000 > 0);
}

static bool is_at_a_mark(uint32_t seconds, uint32_t said)
{
	static const uint32_t marks[] = {60, 30, 10, 5, 2};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (seconds <= marks[i] && marks[i] < said)
			return true;
	return false;
}

static bool window_began_anew(const struct lb_announce *old, const struct lb_announce *now)
{
	if (now->left_ms == LB_LEFT_NONE)
		return false;
	return old->left_ms == LB_LEFT_NONE ||
	       now->left_ms > (uint64_t)old->left_ms + WINDOW_RESTART_MS;
}

static bool says_something_else(const struct lb_sighting *old, const struct lb_sighting *now)
{
	const struct lb_announce *a = &old->announce, *b = &now->announce;

	return a->state != b->state || a->reason != b->reason || a->policy != b->policy ||
	       lb_sighting_address(old) != lb_sighting_address(now) ||
	       strcmp(a->host_key, b->host_key) != 0 || strcmp(a->why, b->why) != 0 ||
	       strcmp(old->text, now->text) != 0 || window_began_anew(a, b);
}

static enum lb_news what_is_new(const struct lb_session *old, const struct lb_sighting *now)
{
	uint32_t left_ms = now->announce.left_ms;

	if (old->lost)
		return LB_NEWS_NEW;
	if (says_something_else(&old->last, now))
		return LB_NEWS_CHANGED;
	if (left_ms != LB_LEFT_NONE && is_at_a_mark(lb_left_seconds(left_ms), old->said_left_s))
		return LB_NEWS_LEFT;
	return LB_NEWS_NONE;
}

/* Lifeboat's announcement says all that its OpenWrt datagram says, and more. */
static bool is_told_better(struct lb_sessions *s, const struct lb_sighting *seen)
{
	const struct lb_session *better;

	if (seen->protocol != LB_PROTOCOL_OPENWRT)
		return false;
	better = find(s, LB_PROTOCOL_LIFEBOAT, seen->mac);
	return better && !better->lost;
}

static struct lb_session *open_session(struct lb_sessions *s, const struct lb_sighting *seen)
{
	if (!find(s, LB_PROTOCOL_OPENWRT, seen->mac) && !find(s, LB_PROTOCOL_LIFEBOAT, seen->mac))
		s->devices++;
	return free_or_oldest(s);
}

/* Or its silence would be news later. */
static void drop_what_is_told_better(struct lb_sessions *s, const struct lb_sighting *seen)
{
	struct lb_session *worse = find(s, LB_PROTOCOL_OPENWRT, seen->mac);

	if (worse && seen->protocol == LB_PROTOCOL_LIFEBOAT)
		worse->used = false;
}

enum lb_news lb_sessions_see(struct lb_sessions *s, const struct lb_sighting *seen, uint64_t now_ms,
			     const struct lb_session **session)
{
	struct lb_session *slot = find(s, seen->protocol, seen->mac);
	enum lb_news news = slot ? what_is_new(slot, seen) : LB_NEWS_NEW;

	*session = NULL;
	if (is_told_better(s, seen))
		return LB_NEWS_NONE;
	if (!slot)
		slot = open_session(s, seen);
	drop_what_is_told_better(s, seen);
	slot->used = true;
	slot->lost = false;
	slot->heard_ms = now_ms;
	slot->last = *seen;
	if (news == LB_NEWS_NONE)
		return LB_NEWS_NONE;
	slot->said_left_s = seen->announce.left_ms == LB_LEFT_NONE
				    ? 0
				    : lb_left_seconds(seen->announce.left_ms);
	*session = slot;
	return news;
}

const struct lb_session *lb_sessions_next_lost(struct lb_sessions *s, uint64_t now_ms)
{
	for (size_t i = 0; i < LB_SESSIONS_MAX; i++) {
		struct lb_session *slot = &s->slots[i];

		if (slot->used && !slot->lost && now_ms - slot->heard_ms >= LB_SILENCE_MS) {
			slot->lost = true;
			return slot;
		}
	}
	return NULL;
}

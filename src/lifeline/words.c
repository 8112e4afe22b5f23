#include "lifeline/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tables/tables.h"

/* For a device that did not say its address: OpenWrt's and Lifeboat's default. */
#define USUAL_ADDRESS 0xC0A80101u

static PRINTF_LIKE(2, 3) void add(char out[LB_WORDS_MAX], const char *fmt, ...)
{
	size_t used = strlen(out);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(out + used, LB_WORDS_MAX - used, fmt, args);
	va_end(args);
}

const char *lb_words_news(enum lb_news news)
{
	static const char *const names[] = {
		[LB_NEWS_NONE] = "none", [LB_NEWS_NEW] = "new",	  [LB_NEWS_CHANGED] = "changed",
		[LB_NEWS_LEFT] = "left", [LB_NEWS_LOST] = "lost",
	};

	return names[news];
}

void lb_words_mac(char out[18], const uint8_t mac[LB_MAC_BYTES])
{
	(void)snprintf(out, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3],
		       mac[4], mac[5]);
}

void lb_words_ip(char out[16], uint32_t ip)
{
	(void)snprintf(out, 16, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 0xFF, ip >> 8 & 0xFF,
		       ip & 0xFF);
}

void lb_words_who(char out[LB_WORDS_MAX], const struct lb_sighting *s)
{
	const struct lb_announce *a = &s->announce;
	const char *name = a->name[0] ? a->name : a->board[0] ? a->board : "Lifeboat router";
	char mac[18];

	out[0] = '\0';
	lb_words_mac(mac, s->mac);
	add(out, "%s (", s->protocol == LB_PROTOCOL_OPENWRT ? "OpenWrt router" : name);
	if (a->name[0] && a->board[0])
		add(out, "%s; ", a->board);
	if (a->serial[0])
		add(out, "serial %s; ", a->serial);
	add(out, "%s)", mac);
}

static void add_reason(char out[LB_WORDS_MAX], const struct lb_announce *a)
{
	if (a->reason != LB_REASON_NONE)
		add(out, ": %s", lb_reason_text(a->reason));
	if (a->why[0])
		add(out, " (%s)", a->why);
}

static void add_window(char out[LB_WORDS_MAX], const struct lb_announce *a)
{
	add(out, "the failsafe window is open");
	if (a->left_ms != LB_LEFT_NONE)
		add(out, ", %u s left", lb_left_seconds(a->left_ms));
	if (a->why[0])
		add(out, " (%s)", a->why);
}

/* Before the boot, and instead of the system: an upgrade, a rescue mode. */
static bool is_at_work(const struct lb_sighting *s)
{
	return s->announce.state == LB_STATE_STARTING && s->announce.why[0];
}

static void add_state(char out[LB_WORDS_MAX], const struct lb_sighting *s)
{
	switch (s->announce.state) {
	case LB_STATE_STARTING:
		add(out, is_at_work(s) ? "it is at work" : "it starts");
		break;
	case LB_STATE_WINDOW:
		add_window(out, &s->announce);
		return;
	case LB_STATE_BOOTING:
		add(out, "a normal boot is under way");
		break;
	case LB_STATE_RUNNING:
		add(out, "the router is up");
		break;
	case LB_STATE_FAILSAFE:
		add(out, "failsafe is active");
		break;
	case LB_STATE_RESCUE:
		add(out, "rescue waits for a person");
		break;
	default:
		if (s->protocol == LB_PROTOCOL_OPENWRT)
			add(out, "it says \"%s\"", s->text);
		else
			add(out, "it is in a state that this lifeline does not know (%u)",
			    s->announce.state);
		break;
	}
	add_reason(out, &s->announce);
}

void lb_words_status(char out[LB_WORDS_MAX], enum lb_news news, const struct lb_sighting *s)
{
	out[0] = '\0';
	if (news != LB_NEWS_LOST) {
		add_state(out, s);
		return;
	}
	add(out, "silent for %u s", LB_SILENCE_MS / 1000);
	if (s->announce.state == LB_STATE_WINDOW)
		add(out, ": its window is over");
	if (is_at_work(s))
		add(out, ", last heard of at work (%s)", s->announce.why);
	if (s->announce.state == LB_STATE_FAILSAFE || s->announce.state == LB_STATE_RESCUE)
		add(out, ": it was switched off, restarted or unplugged");
}

static void add_login(char out[LB_WORDS_MAX], const struct lb_sighting *s)
{
	uint32_t address = lb_sighting_address(s) ? lb_sighting_address(s) : USUAL_ADDRESS;
	uint32_t neighbour = (address & 0xFFFFFF00u) | ((address & 0xFF) == 2 ? 3 : 2);
	char router[16], pc[16];

	lb_words_ip(router, address);
	lb_words_ip(pc, neighbour);
	add(out,
	    "give this PC an address such as %s/24 (sudo ip address add %s/24 dev %s), "
	    "then: ssh root@%s",
	    pc, pc, s->interface, router);
	if (s->announce.policy == LB_POLICY_OPEN)
		add(out, " (no password)");
	if (s->announce.policy == LB_POLICY_LOCKED)
		add(out, " (the owner's password or key)");
	if (s->announce.host_key[0])
		add(out, "; it says that its host key is %s", s->announce.host_key);
}

static void add_window_advice(char out[LB_WORDS_MAX], const struct lb_sighting *s)
{
	if (s->protocol == LB_PROTOCOL_OPENWRT)
		/* Its window is 2 s or 4 s long, by version, and it reports each press and
		 * release. */
		add(out, "press and release any button of the router now, again and again, until "
			 "its LED blinks faster");
	else if (s->announce.left_ms != LB_LEFT_NONE)
		add(out, "press any button of the router within %u s",
		    lb_left_seconds(s->announce.left_ms));
	else
		add(out, "press any button of the router now");
}

static void add_lost_advice(char out[LB_WORDS_MAX], const struct lb_sighting *s)
{
	if (s->announce.state != LB_STATE_WINDOW)
		return;
	if (s->protocol == LB_PROTOCOL_OPENWRT) {
		/* OpenWrt's failsafe says nothing on the wire. */
		add(out, "if its LED blinks 10 times per second, failsafe is active: ");
		add_login(out, s);
		add(out, "; if not, ");
	}
	add(out, "power-cycle the router and try again");
}

void lb_words_advice(char out[LB_WORDS_MAX], enum lb_news news, const struct lb_sighting *s)
{
	uint8_t state = s->announce.state;

	out[0] = '\0';
	if (news == LB_NEWS_LOST)
		add_lost_advice(out, s);
	else if (state == LB_STATE_FAILSAFE || state == LB_STATE_RESCUE)
		add_login(out, s);
	else if (is_at_work(s))
		add(out, "leave it switched on until it is done");
	else if (s->announce.policy == LB_POLICY_OFF)
		add(out, "failsafe is switched off on this router: a button does nothing");
	else if (state == LB_STATE_STARTING)
		add(out, "get ready to press a button of the router");
	else if (state == LB_STATE_WINDOW)
		add_window_advice(out, s);
	else if (state == LB_STATE_BOOTING && s->announce.reason != LB_REASON_UNAVAILABLE)
		add(out, "to enter failsafe, power-cycle the router and press a button while its "
			 "LED blinks 5 times per second");
}

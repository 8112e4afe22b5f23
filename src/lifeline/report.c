#include "lifeline/report.h"

#include <json-c/json.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "lifeline/words.h"
#include "tables/tables.h"

void lb_report_words(enum lb_news news, const struct lb_sighting *s)
{
	char who[LB_WORDS_MAX], status[LB_WORDS_MAX], advice[LB_WORDS_MAX];

	lb_words_who(who, s);
	lb_words_status(status, news, s);
	lb_words_advice(advice, news, s);
	(void)printf("%s", s->interface);
	if (s->tagged)
		(void)printf(" VLAN %u", s->vlan);
	(void)printf(": %s\n  %s\n", who, status);
	if (advice[0])
		(void)printf("  -> %s\n", advice);
}

static void put_objectp(struct json_object **o)
{
	(void)json_object_put(*o);
}

/* Takes `value` over, also on failure. */
static int put(struct json_object *o, const char *key, struct json_object *value)
{
	if (value && json_object_object_add(o, key, value) == 0)
		return 0;
	(void)json_object_put(value);
	return LB_E(NOSPC);
}

static int put_text(struct json_object *o, const char *key, const char *text)
{
	return text[0] ? put(o, key, json_object_new_string(text)) : 0;
}

static int put_number(struct json_object *o, const char *key, uint64_t number)
{
	return put(o, key, json_object_new_int64((int64_t)number));
}

static int put_ip(struct json_object *o, const char *key, uint32_t ip)
{
	char text[16];

	lb_words_ip(text, ip);
	return ip ? put_text(o, key, text) : 0;
}

static int print_line(struct json_object *o)
{
	const char *line = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!line)
		return LB_E(NOSPC);
	(void)puts(line);
	return 0;
}

static int put_where(struct json_object *o, const struct lb_sighting *s)
{
	char mac[18];
	bool ok;

	lb_words_mac(mac, s->mac);
	ok = put_text(o, "protocol", s->protocol == LB_PROTOCOL_OPENWRT ? "openwrt" : "lifeboat") ==
		     0 &&
	     put_text(o, "interface", s->interface) == 0 &&
	     (!s->tagged || put_number(o, "vlan", s->vlan) == 0) && put_text(o, "mac", mac) == 0 &&
	     put_ip(o, "ip", s->ip) == 0;
	return ok ? 0 : LB_E(NOSPC);
}

static int put_announce(struct json_object *o, const struct lb_announce *a)
{
	bool ok = put_text(o, "reason", lb_reason_name(a->reason)) == 0 &&
		  put_text(o, "why", a->why) == 0 &&
		  put_text(o, "policy", lb_policy_name(a->policy)) == 0 &&
		  (a->left_ms == LB_LEFT_NONE || put_number(o, "left_ms", a->left_ms) == 0) &&
		  put_ip(o, "address", a->address) == 0 && put_text(o, "board", a->board) == 0 &&
		  put_text(o, "name", a->name) == 0 && put_text(o, "serial", a->serial) == 0 &&
		  put_text(o, "version", a->version) == 0 &&
		  put_text(o, "host_key", a->host_key) == 0;

	return ok ? 0 : LB_E(NOSPC);
}

static int put_meaning(struct json_object *o, enum lb_news news, const struct lb_sighting *s)
{
	char status[LB_WORDS_MAX], advice[LB_WORDS_MAX];
	bool ok;

	lb_words_status(status, news, s);
	lb_words_advice(advice, news, s);
	ok = put_text(o, "status", status) == 0 && put_text(o, "advice", advice) == 0;
	return ok ? 0 : LB_E(NOSPC);
}

int lb_report_json(enum lb_news news, const struct lb_sighting *s, uint64_t at_ms)
{
	CLEANUP(put_objectp) struct json_object *o = json_object_new_object();
	bool ok = o && put_text(o, "event", lb_words_news(news)) == 0 &&
		  put_number(o, "at_ms", at_ms) == 0 && put_where(o, s) == 0 &&
		  put_text(o, "state", lb_state_name(s->announce.state)) == 0;

	if (ok && s->protocol == LB_PROTOCOL_OPENWRT)
		ok = put_text(o, "text", s->text) == 0;
	else if (ok)
		ok = put_announce(o, &s->announce) == 0;
	if (!ok || put_meaning(o, news, s) < 0)
		return LB_E(NOSPC);
	return print_line(o);
}

int lb_report_json_listening(const char *const *interfaces, size_t n)
{
	CLEANUP(put_objectp) struct json_object *o = json_object_new_object();
	struct json_object *names = json_object_new_array();

	if (!o || !names || put_text(o, "event", "listening") < 0) {
		(void)json_object_put(names);
		return LB_E(NOSPC);
	}
	for (size_t i = 0; i < n; i++)
		if (json_object_array_add(names, json_object_new_string(interfaces[i])) < 0) {
			(void)json_object_put(names);
			return LB_E(NOSPC);
		}
	if (put(o, "interfaces", names) < 0)
		return LB_E(NOSPC);
	return print_line(o);
}

#include "lifeline/report.h"

#include <stdio.h>

#include "lifeline/json.h"
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

static int put_ip(struct json_object *o, const char *key, uint32_t ip)
{
	char text[16];

	lb_words_ip(text, ip);
	return ip ? lb_json_text(o, key, text) : 0;
}

static int put_where(struct json_object *o, const struct lb_sighting *s)
{
	char mac[18];
	bool ok;

	lb_words_mac(mac, s->mac);
	ok = lb_json_text(o, "protocol",
			  s->protocol == LB_PROTOCOL_OPENWRT ? "openwrt" : "lifeboat") == 0 &&
	     lb_json_text(o, "interface", s->interface) == 0 &&
	     (!s->tagged || lb_json_number(o, "vlan", s->vlan) == 0) &&
	     lb_json_text(o, "mac", mac) == 0 && put_ip(o, "ip", s->ip) == 0;
	return ok ? 0 : LB_E(NOSPC);
}

static int put_announce(struct json_object *o, const struct lb_announce *a)
{
	bool ok = lb_json_text(o, "reason", lb_reason_name(a->reason)) == 0 &&
		  lb_json_text(o, "why", a->why) == 0 &&
		  lb_json_text(o, "policy", lb_policy_name(a->policy)) == 0 &&
		  (a->left_ms == LB_LEFT_NONE || lb_json_number(o, "left_ms", a->left_ms) == 0) &&
		  put_ip(o, "address", a->address) == 0 &&
		  lb_json_text(o, "board", a->board) == 0 &&
		  lb_json_text(o, "name", a->name) == 0 &&
		  lb_json_text(o, "serial", a->serial) == 0 &&
		  lb_json_text(o, "version", a->version) == 0 &&
		  lb_json_text(o, "host_key", a->host_key) == 0;

	return ok ? 0 : LB_E(NOSPC);
}

static int put_meaning(struct json_object *o, enum lb_news news, const struct lb_sighting *s)
{
	char status[LB_WORDS_MAX], advice[LB_WORDS_MAX];
	bool ok;

	lb_words_status(status, news, s);
	lb_words_advice(advice, news, s);
	ok = lb_json_text(o, "status", status) == 0 && lb_json_text(o, "advice", advice) == 0;
	return ok ? 0 : LB_E(NOSPC);
}

int lb_report_json(enum lb_news news, const struct lb_sighting *s, uint64_t at_ms)
{
	CLEANUP(lb_json_putp) struct json_object *o = json_object_new_object();
	bool ok = o && lb_json_text(o, "event", lb_words_news(news)) == 0 &&
		  lb_json_number(o, "at_ms", at_ms) == 0 && put_where(o, s) == 0 &&
		  lb_json_text(o, "state", lb_state_name(s->announce.state)) == 0;

	if (ok && s->protocol == LB_PROTOCOL_OPENWRT)
		ok = lb_json_text(o, "text", s->text) == 0;
	else if (ok)
		ok = put_announce(o, &s->announce) == 0;
	if (!ok || put_meaning(o, news, s) < 0)
		return LB_E(NOSPC);
	return lb_json_print(o);
}

int lb_report_json_listening(const char *const *interfaces, size_t n)
{
	CLEANUP(lb_json_putp) struct json_object *o = json_object_new_object();
	struct json_object *names = json_object_new_array();

	if (!o || !names || lb_json_text(o, "event", "listening") < 0) {
		(void)json_object_put(names);
		return LB_E(NOSPC);
	}
	for (size_t i = 0; i < n; i++)
		if (json_object_array_add(names, json_object_new_string(interfaces[i])) < 0) {
			(void)json_object_put(names);
			return LB_E(NOSPC);
		}
	if (lb_json_put(o, "interfaces", names) < 0)
		return LB_E(NOSPC);
	return lb_json_print(o);
}

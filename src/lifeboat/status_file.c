#include "lifeboat/status_file.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"

static void json_putp(json_object **o)
{
	if (*o)
		(void)json_object_put(*o);
}

static bool add(json_object *o, const char *key, json_object *value)
{
	return value && json_object_object_add(o, key, value) == 0;
}

/* A code whose name stands beside it: names for people, the code for those who parse. */
static bool add_coded(json_object *o, const char *key, int code, const char *name)
{
	char code_key[32];

	(void)snprintf(code_key, sizeof(code_key), "%s_code", key);
	return add(o, key, json_object_new_string(name)) &&
	       add(o, code_key, json_object_new_int(code));
}

int lb_status_save(const struct lb_status *s)
{
	CLEANUP(json_putp) json_object *o = json_object_new_object();
	const char *text;
	bool ok = o != NULL;

	ok = ok && add_coded(o, "state", (int)s->state, lb_state_name(s->state));
	ok = ok && add_coded(o, "reason", (int)s->reason, lb_reason_name(s->reason));
	ok = ok && add_coded(o, "policy", (int)s->policy, lb_policy_name(s->policy));
#define STATUS_TEXT(key, member)   ok = ok && add(o, key, json_object_new_string(s->member));
#define STATUS_NUMBER(key, member) ok = ok && add(o, key, json_object_new_int((int)s->member));
#define STATUS_BOOL(key, member)   ok = ok && add(o, key, json_object_new_boolean(s->member));
#include "tables/status.def"
#undef STATUS_TEXT
#undef STATUS_NUMBER
#undef STATUS_BOOL
	text = ok ? json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
							      JSON_C_TO_STRING_NOSLASHESCAPE)
		  : NULL;
	if (!text)
		return LB_E(NOSPC);
	return lb_file_replace(LB_STATUS_FILE, text, strlen(text), 0644);
}

static int get_int(const json_object *o, const char *key)
{
	json_object *v = NULL;

	return json_object_object_get_ex(o, key, &v) ? json_object_get_int(v) : 0;
}

static void get_text(const json_object *o, const char *key, char *out, size_t size)
{
	json_object *v = NULL;

	if (json_object_object_get_ex(o, key, &v) && json_object_is_type(v, json_type_string))
		(void)snprintf(out, size, "%s", json_object_get_string(v));
}

int lb_status_load(struct lb_status *out)
{
	char text[LB_STATUS_BYTES_MAX];
	struct lb_status s = {0};
	int rc = lb_file_read(LB_STATUS_FILE, text, sizeof(text));

	if (rc < 0)
		return rc;
	CLEANUP(json_putp) json_object *o = json_tokener_parse(text);
	if (!json_object_is_type(o, json_type_object))
		return LB_E(FORMAT);
	s.state = (enum lb_state)get_int(o, "state_code");
	s.reason = (enum lb_reason)get_int(o, "reason_code");
	s.policy = (enum lb_policy)get_int(o, "policy_code");
#define STATUS_TEXT(key, member)   get_text(o, key, s.member, sizeof(s.member));
#define STATUS_NUMBER(key, member) s.member = (__typeof__(s.member))get_int(o, key);
#define STATUS_BOOL(key, member)   s.member = get_int(o, key) != 0;
#include "tables/status.def"
#undef STATUS_TEXT
#undef STATUS_NUMBER
#undef STATUS_BOOL
	*out = s;
	return 0;
}

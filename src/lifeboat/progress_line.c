#include "lifeboat/progress_line.h"

#include <json-c/json.h>
#include <stdio.h>

#include "base/cleanup.h"

static void json_putp(json_object **o)
{
	if (*o)
		(void)json_object_put(*o);
}

static bool add(json_object *o, const char *key, json_object *value)
{
	return value && json_object_object_add(o, key, value) == 0;
}

static void tell(struct lb_followers *f, json_object *o)
{
	lb_followers_tell(f, json_object_to_json_string_ext(
				     o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

void lb_progress_tell_step(struct lb_followers *f, const char *work, const char *step, int percent)
{
	CLEANUP(json_putp) json_object *o = json_object_new_object();

	if (o && add(o, "work", json_object_new_string(work)) &&
	    add(o, "step", json_object_new_string(step)) &&
	    (percent < 0 || add(o, "percent", json_object_new_int(percent))))
		tell(f, o);
}

void lb_progress_tell_result(struct lb_followers *f, const char *work, const char *result,
			     const char *why)
{
	CLEANUP(json_putp) json_object *o = json_object_new_object();

	if (o && add(o, "work", json_object_new_string(work)) &&
	    add(o, "result", json_object_new_string(result)) &&
	    add(o, "why", json_object_new_string(why)))
		tell(f, o);
}

static void get_text(const json_object *o, const char *key, char *out, size_t size)
{
	json_object *v = NULL;

	out[0] = '\0';
	if (json_object_object_get_ex(o, key, &v) && json_object_is_type(v, json_type_string))
		(void)snprintf(out, size, "%s", json_object_get_string(v));
}

int lb_progress_line_parse(struct lb_progress_line *out, const char *line)
{
	CLEANUP(json_putp) json_object *o = json_tokener_parse(line);
	struct lb_progress_line l = {.percent = -1};
	json_object *v = NULL;

	if (!json_object_is_type(o, json_type_object))
		return LB_E(FORMAT);
	get_text(o, "work", l.work, sizeof(l.work));
	get_text(o, "step", l.step, sizeof(l.step));
	get_text(o, "result", l.result, sizeof(l.result));
	get_text(o, "why", l.why, sizeof(l.why));
	if (json_object_object_get_ex(o, "percent", &v))
		l.percent = json_object_get_int(v);
	if (!l.step[0] && !l.result[0])
		return LB_E(FORMAT);
	*out = l;
	return 0;
}

#include "lifeline/json.h"

#include <stdio.h>

void lb_json_putp(struct json_object **o)
{
	(void)json_object_put(*o);
}

int lb_json_put(struct json_object *o, const char *key, struct json_object *value)
{
	if (value && json_object_object_add(o, key, value) == 0)
		return 0;
	(void)json_object_put(value);
	return LB_E(NOSPC);
}

int lb_json_text(struct json_object *o, const char *key, const char *text)
{
	return text[0] ? lb_json_put(o, key, json_object_new_string(text)) : 0;
}

int lb_json_number(struct json_object *o, const char *key, uint64_t number)
{
	return lb_json_put(o, key, json_object_new_int64((int64_t)number));
}

int lb_json_truth(struct json_object *o, const char *key, bool truth)
{
	return lb_json_put(o, key, json_object_new_boolean(truth));
}

int lb_json_print(struct json_object *o)
{
	const char *line = json_object_to_json_string_ext(
		o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

	if (!line)
		return LB_E(NOSPC);
	(void)puts(line);
	return 0;
}

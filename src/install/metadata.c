#include "install/metadata.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"

#define DEPTH_MAX 8 /* version is one object in another, the lists one deep */

static void tokener_freep(json_tokener **t)
{
	if (*t)
		json_tokener_free(*t);
}

static void json_putp(json_object **o)
{
	if (*o)
		(void)json_object_put(*o);
}

static json_object *parse(const char *json, size_t n)
{
	CLEANUP(tokener_freep) json_tokener *t = json_tokener_new_ex(DEPTH_MAX);

	if (!t || n > INT32_MAX)
		return NULL;
	/* Incomplete JSON yields nothing; what follows an object is never looked at. */
	return json_tokener_parse_ex(t, json, (int)n);
}

static bool is_printable(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] < ' ' || text[i] > '~')
			return false;
	return true;
}

/* A name: as it is, or not at all. */
static int copy_name(char out[LB_NAME_MAX], json_object *value)
{
	const char *text = json_object_get_string(value);
	const size_t n = (size_t)json_object_get_string_len(value);

	if (!json_object_is_type(value, json_type_string) || !is_printable(text, n))
		return LB_E(FORMAT);
	if (n >= LB_NAME_MAX)
		return LB_E(RANGE);
	memcpy(out, text, n + 1);
	return 0;
}

/* 0 also when the key is not there. */
static int read_name(char out[LB_NAME_MAX], json_object *o, const char *key)
{
	json_object *value;

	return json_object_object_get_ex(o, key, &value) ? copy_name(out, value) : 0;
}

/* A sentence for people: cut, and without what a terminal would act upon. */
static int read_message(char out[LB_SENTENCE_MAX], json_object *o, const char *key)
{
	json_object *value;
	const char *text;
	size_t n = 0;

	if (!json_object_object_get_ex(o, key, &value))
		return 0;
	if (!json_object_is_type(value, json_type_string))
		return LB_E(FORMAT);
	for (text = json_object_get_string(value); text[n] && n < LB_SENTENCE_MAX - 1; n++)
		out[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : ' ';
	out[n] = '\0';
	return 0;
}

static int read_boards(struct lb_metadata *m, json_object *o)
{
	json_object *list;
	size_t count;

	if (!json_object_object_get_ex(o, "new_supported_devices", &list) &&
	    !json_object_object_get_ex(o, "supported_devices", &list))
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return LB_E(FORMAT);
	count = json_object_array_length(list);
	if (count > LB_IMAGE_BOARDS_MAX)
		return LB_E(RANGE);
	for (size_t i = 0; i < count; i++) {
		int rc = copy_name(m->boards[i], json_object_array_get_idx(list, i));

		if (rc < 0)
			return rc;
	}
	m->board_count = count;
	return 0;
}

static int read_version(struct lb_metadata *m, json_object *o)
{
	json_object *version;
	int rc;

	if (!json_object_object_get_ex(o, "version", &version))
		return 0;
	if (!json_object_is_type(version, json_type_object))
		return LB_E(FORMAT);
	rc = read_name(m->dist, version, "dist");
	if (rc == 0)
		rc = read_name(m->version, version, "version");
	if (rc == 0)
		rc = read_name(m->revision, version, "revision");
	if (rc == 0)
		rc = read_name(m->target, version, "target");
	return rc;
}

int lb_metadata_parse(struct lb_metadata *out, const void *json, size_t n)
{
	CLEANUP(json_putp) json_object *o = parse(json, n);
	struct lb_metadata m = {0};
	int rc;

	if (!o || !json_object_is_type(o, json_type_object))
		return LB_E(FORMAT);
	rc = read_boards(&m, o);
	if (rc == 0)
		rc = read_name(m.compat_version, o, "compat_version");
	if (rc == 0)
		rc = read_message(m.compat_message, o, "compat_message");
	if (rc == 0)
		rc = read_version(&m, o);
	if (rc == 0)
		*out = m;
	return rc;
}

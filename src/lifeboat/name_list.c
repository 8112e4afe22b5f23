#include "lifeboat/name_list.h"

#include <stdio.h>
#include <string.h>

#include "base/near.h"

bool lb_names_have(const struct lb_names *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->name[i], name) == 0)
			return true;
	return false;
}

void lb_names_add(struct lb_names *list, const char *name)
{
	size_t len = strlen(name);

	if (list->count == LB_NAMES_MAX || len == 0 || len >= LB_NAME_MAX ||
	    lb_names_have(list, name))
		return;
	memcpy(list->name[list->count++], name, len + 1);
}

/* Nearer to `wanted`, or as near and earlier in the alphabet: directories come in no order. */
static bool goes_before(const char *a, const char *b, const char *wanted)
{
	size_t to_a = lb_edit_distance(a, wanted), to_b = lb_edit_distance(b, wanted);

	return to_a != to_b ? to_a < to_b : strcmp(a, b) < 0;
}

static void sort(struct lb_names *list, const char *wanted)
{
	for (size_t i = 1; i < list->count; i++) {
		for (size_t j = i; j > 0 && goes_before(list->name[j], list->name[j - 1], wanted);
		     j--) {
			char kept[LB_NAME_MAX];

			memcpy(kept, list->name[j], sizeof(kept));
			memcpy(list->name[j], list->name[j - 1], sizeof(kept));
			memcpy(list->name[j - 1], kept, sizeof(kept));
		}
	}
}

void lb_names_tell(struct lb_names *list, const char *wanted, char *out, size_t size)
{
	size_t used = 0;

	if (list->count == 0) {
		(void)snprintf(out, size, "it has none");
		return;
	}
	sort(list, wanted);
	for (size_t i = 0; i < list->count; i++) {
		int n = snprintf(out + used, size - used, "%s\"%s\"", i ? ", " : "it has ",
				 list->name[i]);

		if (n < 0 || (size_t)n >= size - used) {
			out[used] = '\0';
			return;
		}
		used += (size_t)n;
	}
}

#include <stdio.h>

#include "lifeboat/settings/restore.h"

static void tell_restored(const struct lb_settings_report *r, char *out, size_t size)
{
	if (r->has_manifest)
		(void)snprintf(out, size, "%u settings restored from the archive of %s (%s)",
			       r->files, r->date, r->system);
	else
		(void)snprintf(out, size, "%u settings restored from an archive without manifest",
			       r->files);
}

void lb_settings_sentence(const struct lb_settings_report *r, const char *path, char *out,
			  size_t size)
{
	out[0] = '\0';
	switch (r->outcome) {
	case LB_SETTINGS_NONE:
		return;
	case LB_SETTINGS_RESTORED:
		tell_restored(r, out, size);
		return;
	case LB_SETTINGS_DAMAGED:
	case LB_SETTINGS_REFUSED:
		(void)snprintf(out, size, "no settings were restored: %s %s; it is kept as %s%s",
			       path, r->why, path,
			       r->outcome == LB_SETTINGS_DAMAGED ? LB_SETTINGS_DAMAGED_SUFFIX
								 : LB_SETTINGS_REFUSED_SUFFIX);
		return;
	case LB_SETTINGS_FAILED:
		(void)snprintf(out, size, "no settings were restored: %s %s; it stays where it is",
			       path, r->why);
		return;
	case LB_SETTINGS_PARTIAL:
		(void)snprintf(out, size,
			       "settings were restored in part only: %s %s; it stays where it is",
			       path, r->why);
		return;
	}
}

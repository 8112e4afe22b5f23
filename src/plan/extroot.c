#include "plan/extroot.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "plan/uci.h"

/* A section that is being read. */
struct section {
	struct lb_extroot_want want;
	char target[LB_PATH_MAX];
	bool enabled;
};

struct reading {
	struct section mount;
	bool in_mount, in_global;
	struct lb_extroot_want root, overlay; /* what was found; line 0 = nothing yet */
	bool check;
	unsigned wait_ms;
};

PRINTF_LIKE(3, 4)
static int refuse(struct lb_extroot_wrong *wrong, unsigned line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(wrong->text, sizeof(wrong->text), fmt, args);
	va_end(args);
	wrong->line = line;
	return LB_E(FORMAT);
}

static int set_text(char *out, size_t size, const struct lb_uci_item *i,
		    struct lb_extroot_wrong *wrong)
{
	size_t len = strlen(i->value);

	if (len >= size)
		return refuse(wrong, i->line, "'%.40s' has more than %zu bytes", i->name, size - 1);
	memcpy(out, i->value, len + 1);
	return 0;
}

static int take_mount_option(struct section *s, const struct lb_uci_item *i,
			     struct lb_extroot_wrong *wrong)
{
	struct lb_extroot_want *w = &s->want;

	if (strcmp(i->name, "target") == 0)
		return set_text(s->target, sizeof(s->target), i, wrong);
	if (strcmp(i->name, "uuid") == 0)
		return set_text(w->uuid, sizeof(w->uuid), i, wrong);
	if (strcmp(i->name, "label") == 0)
		return set_text(w->label, sizeof(w->label), i, wrong);
	if (strcmp(i->name, "device") == 0)
		return set_text(w->device, sizeof(w->device), i, wrong);
	if (strcmp(i->name, "fstype") == 0)
		return set_text(w->fstype, sizeof(w->fstype), i, wrong);
	if (strcmp(i->name, "options") == 0)
		return set_text(w->options, sizeof(w->options), i, wrong);
	if (strcmp(i->name, "enabled") == 0)
		s->enabled = lb_uci_is_on(i->value);
	return 0;
}

/* A number of seconds; longer than the limit counts as the limit. */
static int set_wait(struct reading *r, const struct lb_uci_item *i, struct lb_extroot_wrong *wrong)
{
	size_t digits = strspn(i->value, "0123456789");
	unsigned ms = 0;

	if (digits == 0 || i->value[digits])
		return refuse(wrong, i->line, "delay_root '%.40s' is no number of seconds",
			      i->value);
	for (size_t at = 0; at < digits && ms < LB_EXTROOT_WAIT_MAX_MS; at++)
		ms = ms * 10 + (unsigned)(i->value[at] - '0') * 1000;
	/* OpenWrt looks once more after that time: here it is the least that is waited. */
	r->wait_ms = ms > LB_EXTROOT_WAIT_MAX_MS ? LB_EXTROOT_WAIT_MAX_MS
		     : ms > LB_EXTROOT_WAIT_MS	 ? ms
						 : LB_EXTROOT_WAIT_MS;
	return 0;
}

static int end_section(struct reading *r, struct lb_extroot_wrong *wrong)
{
	const struct section *s = &r->mount;
	struct lb_extroot_want *place = strcmp(s->target, "/") == 0	     ? &r->root
					: strcmp(s->target, "/overlay") == 0 ? &r->overlay
									     : NULL;

	if (!r->in_mount || !s->enabled || !place || place->line > 0)
		return 0;
	if (!s->want.uuid[0] && !s->want.label[0] && !s->want.device[0])
		return refuse(wrong, s->want.line,
			      "this mount section does not say which device: add option uuid, "
			      "label or device");
	*place = s->want;
	return 0;
}

static int take_item(struct reading *r, const struct lb_uci_item *i, struct lb_extroot_wrong *wrong)
{
	int rc;

	if (i->kind == LB_UCI_CONFIG) {
		rc = end_section(r, wrong);
		r->in_mount = strcmp(i->name, "mount") == 0;
		r->in_global = strcmp(i->name, "global") == 0;
		r->mount = (struct section){.want.line = i->line};
		return rc;
	}
	if (i->kind != LB_UCI_OPTION)
		return 0;
	if (r->in_mount)
		return take_mount_option(&r->mount, i, wrong);
	if (r->in_global && strcmp(i->name, "delay_root") == 0)
		return set_wait(r, i, wrong);
	if (r->in_global && strcmp(i->name, "check_fs") == 0)
		r->check = lb_uci_is_on(i->value);
	return 0;
}

int lb_extroot_parse(struct lb_extroot_want *out, struct lb_extroot_wrong *wrong, const void *buf,
		     size_t n)
{
	struct reading r = {.wait_ms = LB_EXTROOT_WAIT_MS};
	struct lb_uci_item item;
	struct lb_uci uci;
	int rc;

	lb_uci_begin(&uci, buf, n);
	while ((rc = lb_uci_next(&uci, &item)) > 0)
		if ((rc = take_item(&r, &item, wrong)) < 0)
			return rc;
	if (rc < 0)
		return refuse(wrong, uci.wrong_line, "%s", uci.wrong);
	if ((rc = end_section(&r, wrong)) < 0)
		return rc;
	if (r.root.line == 0 && r.overlay.line == 0)
		return 0;
	*out = r.root.line > 0 ? r.root : r.overlay;
	out->whole_root = r.root.line > 0;
	out->check = r.check;
	out->wait_ms = r.wait_ms;
	return 1;
}

void lb_extroot_describe(const struct lb_extroot_want *want, char *out, size_t size)
{
	if (want->uuid[0])
		(void)snprintf(out, size, "the device with UUID %s", want->uuid);
	else if (want->label[0])
		(void)snprintf(out, size, "the device with label %s", want->label);
	else
		(void)snprintf(out, size, "%s", want->device);
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_uuid(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b))
		a++, b++;
	return *a == *b;
}

bool lb_extroot_is_meant(const struct lb_extroot_want *want, const struct lb_extroot_device *found)
{
	if (want->uuid[0])
		return same_uuid(want->uuid, found->uuid);
	if (want->label[0])
		return strcmp(want->label, found->label) == 0;
	return strcmp(want->device, found->path) == 0;
}

bool lb_extroot_fs_is_fit(const char *fs)
{
	static const char *const fit[] = {"ext2", "ext3", "ext4", "f2fs", "btrfs", "xfs"};

	for (size_t i = 0; i < sizeof(fit) / sizeof(fit[0]); i++)
		if (strcmp(fs, fit[i]) == 0)
			return true;
	return false;
}

enum lb_extroot_verdict lb_extroot_judge(const struct lb_extroot_marks *found,
					 const struct lb_extroot_marks *mine)
{
	const bool same_root = same_uuid(found->root, mine->root);

	if (found->bypass)
		return LB_EXTROOT_USE;
	if (found->board[0] && strcmp(found->board, mine->board) != 0)
		return LB_EXTROOT_OTHER_ROUTER;
	if (found->board[0] && same_root)
		return LB_EXTROOT_USE;
	if (!found->board[0] && found->root[0] && !same_root)
		return LB_EXTROOT_OTHER_FIRMWARE;
	return LB_EXTROOT_MARK_AND_USE;
}

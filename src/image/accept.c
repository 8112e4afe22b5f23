#include "image/accept.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "image/version.h"

static const struct {
	int code;
	const char *name;
} refusals[LB_REFUSAL_COUNT] = {
#define REFUSAL(id, code_, name_, text) [LB_REFUSAL_##id] = {.code = (code_), .name = (name_)},
#include "tables/refusals.def"
#undef REFUSAL
};

const char *lb_refusal_name(enum lb_refusal r)
{
	return refusals[r].name;
}

int lb_refusal_code(enum lb_refusal r)
{
	return refusals[r].code;
}

enum lb_refusal lb_verdict_first(const struct lb_verdict *v)
{
	for (int r = 0; r < LB_REFUSAL_COUNT; r++)
		if (v->refused[r])
			return (enum lb_refusal)r;
	return LB_REFUSAL_COUNT;
}

PRINTF_LIKE(3, 4)
static void refuse(struct lb_verdict *v, enum lb_refusal r, const char *fmt, ...)
{
	va_list args;

	v->refused[r] = true;
	va_start(args, fmt);
	(void)vsnprintf(v->why[r], sizeof(v->why[r]), fmt, args);
	va_end(args);
}

/* A folder name of an archive has '_' where the device tree has ','. */
static bool same_board(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !(strchr(",_", *a) && strchr(",_", *b)))
			return false;
	return *a == *b;
}

bool lb_taker_knows(const struct lb_taker *t, const char *board)
{
	if (same_board(t->id, board))
		return true;
	for (size_t i = 0; i < t->name_count; i++)
		if (same_board(t->names[i], board))
			return true;
	return false;
}

static void check_kind(struct lb_verdict *v, const struct lb_offer *o)
{
	const enum lb_image_kind kind = o->inside != LB_IMAGE_NONE ? o->inside : o->kind;
	const char *title = lb_image_title(kind);

	if (o->has_metadata)
		return; /* made for sysupgrade, whatever its header looks like */
	switch (lb_image_class(kind)) {
	case LB_IMAGE_CLASS_SYSTEM:
	case LB_IMAGE_CLASS_DISK:
		return;
	case LB_IMAGE_CLASS_NOTHING:
		refuse(v, LB_REFUSAL_UNSUITED, "this is %s: is it the right file?", title);
		return;
	case LB_IMAGE_CLASS_LOADER:
		refuse(v, LB_REFUSAL_UNSUITED,
		       "this is %s for the maker's boot loader or web page: take the sysupgrade image "
		       "of this board",
		       title);
		return;
	case LB_IMAGE_CLASS_SEALED:
		refuse(v, LB_REFUSAL_UNSUITED,
		       "this is %s: only the maker's own firmware can read it", title);
		return;
	case LB_IMAGE_CLASS_PACKED:
		refuse(v, LB_REFUSAL_UNSUITED,
		       "this is %s, with nothing inside that can be installed", title);
		return;
	case LB_IMAGE_CLASS_ARCHIVE:
		if (kind == LB_IMAGE_BACKUP)
			refuse(v, LB_REFUSAL_UNSUITED,
			       "this is %s, no firmware: restore it with sysupgrade -r", title);
		else
			refuse(v, LB_REFUSAL_UNSUITED,
			       "this is %s: unpack it and give the image that is in it", title);
		return;
	}
}

static void check_board(struct lb_verdict *v, const struct lb_offer *o, const struct lb_taker *t)
{
	const enum lb_image_kind kind = o->inside != LB_IMAGE_NONE ? o->inside : o->kind;

	if (o->other_board[0] && o->board_count > 0) {
		refuse(v, LB_REFUSAL_BOARD,
		       "its name says that it is for %s, but it holds the device tree of %s: was it "
		       "renamed?",
		       o->boards[0], o->other_board);
		return;
	}
	if (!t->id[0])
		return;
	for (size_t i = 0; i < o->board_count; i++)
		if (lb_taker_knows(t, o->boards[i]))
			return;
	if (o->board_count > 0)
		refuse(v, LB_REFUSAL_BOARD, "it is for %s%s, and this board is %s", o->boards[0],
		       o->board_count > 1 ? " and others" : "", t->id);
	else if (lb_image_class(kind) == LB_IMAGE_CLASS_DISK)
		(void)snprintf(
			v->note, sizeof(v->note),
			"the disk image does not say for which board it is: look at its name");
	else
		refuse(v, LB_REFUSAL_BOARD,
		       "it does not say for which board it is: take the sysupgrade image of %s",
		       t->id);
}

static void check_trust(struct lb_verdict *v, const struct lb_offer *o, const struct lb_taker *t)
{
	switch (o->trust) {
	case LB_TRUST_GOOD:
		if (o->clock_behind && !v->note[0])
			(void)snprintf(v->note, sizeof(v->note),
				       "the clock of this device is behind: whether a certificate "
				       "has expired is not known");
		return;
	case LB_TRUST_WRONG:
		refuse(v, LB_REFUSAL_SIGNATURE,
		       "its signature by key %s is wrong: the image or the signature was changed",
		       o->key_id);
		return;
	case LB_TRUST_REVOKED:
		refuse(v, LB_REFUSAL_SIGNATURE,
		       "it is signed by key %s, which was revoked: take a newer image", o->key_id);
		return;
	case LB_TRUST_EXPIRED:
		refuse(v, LB_REFUSAL_SIGNATURE,
		       "the certificate of key %s has expired by the clock of this device: take a newer "
		       "image, or set the clock if it is wrong",
		       o->key_id);
		return;
	case LB_TRUST_UNKNOWN:
		/* Whoever puts a signature beside an image wants it to be looked at. OpenWrt's
		 * build servers sign inside of every image, with keys that most devices never had.
		 */
		if (t->signature_required || o->signature_beside)
			refuse(v, LB_REFUSAL_SIGNATURE,
			       "it is signed by key %s, which this device does not trust",
			       o->key_id);
		return;
	case LB_TRUST_UNREADABLE:
		if (t->signature_required || o->signature_beside)
			refuse(v, LB_REFUSAL_SIGNATURE,
			       "its signature has a form that cannot be checked: sign it with usign or "
			       "signify");
		return;
	case LB_TRUST_UNCHECKED:
		if (t->signature_required)
			refuse(v, LB_REFUSAL_SIGNATURE,
			       "its signature could not be checked, and %sthis board takes signed "
			       "images only",
			       t->door_words);
		else if (o->signature_beside && t->id[0])
			refuse(v, LB_REFUSAL_SIGNATURE,
			       "the signature beside it cannot be checked, as this device has no "
			       "directory of keys: put the signer's key there");
		return;
	case LB_TRUST_READ_ONCE:
		refuse(v, LB_REFUSAL_SIGNATURE,
		       "its signature by key %s stands at its end, and it can be read only once: give it "
		       "as a file",
		       o->key_id);
		return;
	case LB_TRUST_NONE:
		if (t->signature_required)
			refuse(v, LB_REFUSAL_SIGNATURE,
			       "it is not signed, and %sthis board takes signed images only",
			       t->door_words);
		return;
	}
}

static void check_version(struct lb_verdict *v, const struct lb_offer *o, const struct lb_taker *t)
{
	int rc;

	if (!t->min_version[0])
		return;
	rc = lb_version_at_least(o->version, t->min_version);
	if (rc == 0)
		refuse(v, LB_REFUSAL_OLD,
		       "it is version %s, and this board takes %s and later only", o->version,
		       t->min_version);
	else if (rc < 0)
		refuse(v, LB_REFUSAL_OLD,
		       "it does not say a version that can be compared%s%s, and this board takes %s "
		       "and later only",
		       o->version[0] ? ": " : "", o->version, t->min_version);
}

static void check_compat(struct lb_verdict *v, const struct lb_offer *o, const struct lb_taker *t)
{
	const char *device = t->compat_version[0] ? t->compat_version : "1.0";
	const char *image = o->compat_version[0] ? o->compat_version : "1.0";
	const char *colon = o->compat_message[0] ? ": " : "";

	if (!t->id[0] || !o->has_metadata)
		return;
	switch (lb_compat_compare(device, image)) {
	case LB_COMPAT_SAME:
		return;
	case LB_COMPAT_MAJOR:
		refuse(v, LB_REFUSAL_COMPAT,
		       "it has compat_version %s and this board %s: it cannot be installed from "
		       "here%s%.100s",
		       image, device, colon, o->compat_message);
		return;
	case LB_COMPAT_MINOR:
		if (t->keep_settings && !t->ignore_minor)
			refuse(v, LB_REFUSAL_COMPAT,
			       "it has compat_version %s and this board %s: install it without the "
			       "settings (-n)%s%.100s",
			       image, device, colon, o->compat_message);
		return;
	}
}

void lb_accept(struct lb_verdict *out, const struct lb_offer *o, const struct lb_taker *t)
{
	*out = (struct lb_verdict){0};
	if (o->damage[0])
		refuse(out, LB_REFUSAL_DAMAGED, "it %s", o->damage);
	check_kind(out, o);
	/* Of something that is no system there is nothing more to say. */
	if (!out->refused[LB_REFUSAL_UNSUITED]) {
		check_board(out, o, t);
		check_version(out, o, t);
		check_compat(out, o, t);
		if (t->max_bytes && o->size_bytes > t->max_bytes)
			refuse(out, LB_REFUSAL_SIZE,
			       "it takes %llu KiB, and its place on this board has %llu KiB",
			       (unsigned long long)(o->size_bytes + 1023) / 1024,
			       (unsigned long long)t->max_bytes / 1024);
	}
	check_trust(out, o, t);
}

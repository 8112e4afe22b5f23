/* What "lifeboat verify" found out, for people and for programs. */
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "lifeboat/install/verify.h"

#define BOARDS_SHOWN 3

static const char *const sums[] = {[LB_VERIFY_SUM_NONE] = "none",
				   [LB_VERIFY_SUM_RIGHT] = "right",
				   [LB_VERIFY_SUM_WRONG] = "wrong"};

static const struct {
	const char *name, *text;
} trusts[] = {
	[LB_TRUST_NONE] = {"none", "none"},
	[LB_TRUST_GOOD] = {"good", "good, by key"},
	[LB_TRUST_WRONG] = {"wrong", "wrong, by key"},
	[LB_TRUST_REVOKED] = {"revoked", "by a key that was revoked:"},
	[LB_TRUST_EXPIRED] = {"expired", "by a key whose certificate has expired:"},
	[LB_TRUST_UNKNOWN] = {"unknown-key", "by a key that is not trusted:"},
	[LB_TRUST_UNREADABLE] = {"unreadable", "of a form that cannot be checked"},
	[LB_TRUST_UNCHECKED] = {"unchecked", "not checked; by key"},
	[LB_TRUST_READ_ONCE] = {"read-once", "not checked, for want of a second reading; by key"},
};

static void hex(char *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", p[i]);
}

static void print_boards(const struct lb_offer *o)
{
	if (o->board_count == 0)
		return;
	(void)printf("  for       ");
	for (size_t i = 0; i < o->board_count && i < BOARDS_SHOWN; i++)
		(void)printf("%s%s", i ? ", " : "", o->boards[i]);
	if (o->board_count > BOARDS_SHOWN)
		(void)printf(" and %zu more", o->board_count - BOARDS_SHOWN);
	(void)putchar('\n');
}

static void print_words(const char *label, const char *a, const char *b, const char *c)
{
	if (!a[0] && !b[0] && !c[0])
		return;
	(void)printf("  %-9s %s%s%s%s%s\n", label, a, a[0] && b[0] ? " " : "", b,
		     (a[0] || b[0]) && c[0] ? " " : "", c);
}

static void print_checks(const struct lb_verified *v)
{
	(void)printf("  checked   %s", v->scan.damage[0] ? "damaged"
				       : v->scan.summed	 ? "its own checksums are right"
							 : "it has no checksum of its own");
	if (v->sha256 != LB_VERIFY_SUM_NONE)
		(void)printf("; .sha256 %s", sums[v->sha256]);
	if (v->md5 != LB_VERIFY_SUM_NONE)
		(void)printf("; .md5 %s", sums[v->md5]);
	(void)printf("\n  signature %s", trusts[v->trust.state].text);
	if (v->trust.id[0])
		(void)printf(" %s", v->trust.id);
	if (v->trust.comment[0])
		(void)printf(" (%s)", v->trust.comment);
	if (v->trust.listed)
		(void)printf(", in a list of hashes");
	(void)putchar('\n');
}

static void print_verdict(const struct lb_verified *v)
{
	const struct lb_verdict *a = &v->verdict;

	if (a->note[0])
		(void)printf("  note      %s\n", a->note);
	if (lb_verdict_first(a) != LB_REFUSAL_COUNT) {
		for (int i = 0; i < LB_REFUSAL_COUNT; i++)
			if (a->refused[i])
				(void)printf("  refused   %s\n", a->why[i]);
	} else if (v->taker.id[0]) {
		(void)printf("  taken     this board, %s, would take it\n", v->taker.id);
	} else {
		(void)printf("  taken     %s; there is no board file to compare it with\n",
			     v->scan.summed || v->sha256 == LB_VERIFY_SUM_RIGHT
				     ? "it is whole"
				     : "nothing shows whether it is whole");
	}
}

int lb_verify_print(const struct lb_verified *v)
{
	const struct lb_scan *s = &v->scan;
	const enum lb_image_kind inside = lb_scan_inside(s);
	const char *title = lb_image_title(s->file.image.kind);
	char sha256[65];

	hex(sha256, s->sha256, sizeof(s->sha256));
	(void)printf("%s: %s", v->ask.image,
		     inside == LB_IMAGE_NONE ? title : lb_image_title(inside));
	if (inside != LB_IMAGE_NONE)
		(void)printf(", %s", title);
	(void)printf("%s\n", s->has_metadata ? ", with OpenWrt's metadata" : "");
	print_boards(&v->offer);
	print_words("version", v->scan.metadata.dist, v->offer.version, v->scan.metadata.revision);
	(void)printf("  size      %" PRIu64 " bytes", s->file.size_bytes);
	if (s->packed)
		(void)printf(", %" PRIu64 " unpacked", s->inside.size_bytes);
	(void)printf("\n  sha256    %s\n", sha256);
	print_checks(v);
	print_verdict(v);
	return fflush(stdout) == 0 ? 0 : LB_E(IO);
}

static void json_putp(json_object **o)
{
	if (*o)
		(void)json_object_put(*o);
}

static bool add(json_object *o, const char *key, json_object *value)
{
	return value && json_object_object_add(o, key, value) == 0;
}

static bool add_text(json_object *o, const char *key, const char *text)
{
	return add(o, key, json_object_new_string(text));
}

static bool add_size(json_object *o, const char *key, uint64_t n)
{
	return add(o, key, json_object_new_uint64(n));
}

static json_object *board_list(const struct lb_offer *o)
{
	json_object *list = json_object_new_array();

	for (size_t i = 0; list && i < o->board_count; i++)
		if (json_object_array_add(list, json_object_new_string(o->boards[i])) < 0)
			json_putp(&list);
	return list;
}

static json_object *signature_object(const struct lb_verify_trust *t)
{
	json_object *o = json_object_new_object();

	if (o && add_text(o, "state", trusts[t->state].name) && add_text(o, "key", t->id) &&
	    add_text(o, "key_comment", t->comment) &&
	    add(o, "beside", json_object_new_boolean(t->beside)) &&
	    add(o, "list", json_object_new_boolean(t->listed)))
		return o;
	json_putp(&o);
	return NULL;
}

static json_object *refusal_list(const struct lb_verdict *v)
{
	json_object *list = json_object_new_array();

	for (int i = 0; list && i < LB_REFUSAL_COUNT; i++) {
		json_object *one = v->refused[i] ? json_object_new_object() : NULL;

		if (!one)
			continue;
		(void)add_text(one, "reason", lb_refusal_name((enum lb_refusal)i));
		(void)add_text(one, "sentence", v->why[i]);
		(void)json_object_array_add(list, one);
	}
	return list;
}

static bool add_image(json_object *o, const struct lb_verified *v)
{
	const struct lb_scan *s = &v->scan;
	char sha256[65];

	hex(sha256, s->sha256, sizeof(s->sha256));
	return add_text(o, "image", v->ask.image) &&
	       add_text(o, "type", lb_image_name(s->file.image.kind)) &&
	       (!s->packed || add_text(o, "inside", lb_image_name(lb_scan_inside(s)))) &&
	       add(o, "metadata", json_object_new_boolean(s->has_metadata)) &&
	       add(o, "boards", board_list(&v->offer)) &&
	       add_text(o, "dist", v->scan.metadata.dist) &&
	       add_text(o, "version", v->offer.version) &&
	       add_text(o, "revision", v->scan.metadata.revision) &&
	       add_text(o, "compat_version", v->offer.compat_version) &&
	       add_size(o, "size_bytes", s->file.size_bytes) &&
	       add_size(o, "payload_bytes", v->offer.size_bytes) && add_text(o, "sha256", sha256);
}

int lb_verify_print_json(const struct lb_verified *v)
{
	CLEANUP(json_putp) json_object *o = json_object_new_object();
	const struct lb_scan *s = &v->scan;
	const char *text;

	if (!o || !add_image(o, v) ||
	    !add(o, "damaged", json_object_new_boolean(s->damage[0] != '\0')) ||
	    !add(o, "own_checksum", json_object_new_boolean(s->summed)) ||
	    !add_text(o, "sha256_file", sums[v->sha256]) ||
	    !add_text(o, "md5_file", sums[v->md5]) ||
	    !add(o, "signature", signature_object(&v->trust)) ||
	    !add_text(o, "board", v->taker.id) ||
	    !add(o, "taken",
		 json_object_new_boolean(lb_verdict_first(&v->verdict) == LB_REFUSAL_COUNT)) ||
	    !add(o, "refusals", refusal_list(&v->verdict)) || !add_text(o, "note", v->verdict.note))
		return LB_E(NOSPC);
	text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY |
							 JSON_C_TO_STRING_NOSLASHESCAPE);
	return text && puts(text) >= 0 && fflush(stdout) == 0 ? 0 : LB_E(IO);
}

#include "install/fit_check.h"

#include <string.h>

#include "base/bytes.h"
#include "base/crc32.h"

static void sum_begin(struct lb_fit_sum *s)
{
	s->crc32 = 0;
	SHA1Init(&s->sha1);
	lb_sha256_begin(&s->sha256);
}

static void sum_add(struct lb_fit_sum *s, enum lb_fit_method m, const uint8_t *p, size_t n)
{
	if (m == LB_FIT_CRC32)
		s->crc32 = lb_crc32(s->crc32, p, n);
	else if (m == LB_FIT_SHA1)
		SHA1Update(&s->sha1, p, n);
	else
		lb_sha256_feed(&s->sha256, p, n);
}

static void sum_end(struct lb_fit_sum *s, struct lb_fit_digests *out)
{
	struct lb_wr w = lb_wr_init(out->of[LB_FIT_CRC32], 4);

	lb_wr_be(&w, s->crc32, 4);
	SHA1Final(out->of[LB_FIT_SHA1], &s->sha1);
	lb_sha256_end(&s->sha256, out->of[LB_FIT_SHA256]);
}

static void begin_inside(void *ctx)
{
	sum_begin(&((struct lb_fit_check *)ctx)->inside);
}

/* Which method will be asked for stands behind the data. */
static void add_inside(void *ctx, const uint8_t *p, size_t n)
{
	struct lb_fit_check *c = ctx;

	for (int m = 0; m < LB_FIT_METHOD_COUNT; m++)
		sum_add(&c->inside, (enum lb_fit_method)m, p, n);
}

static void end_inside(void *ctx, struct lb_fit_digests *out)
{
	sum_end(&((struct lb_fit_check *)ctx)->inside, out);
}

void lb_fit_check_begin(struct lb_fit_check *c)
{
	const struct lb_fit_adder adder = {
		.ctx = c, .begin = begin_inside, .data = add_inside, .end = end_inside};

	memset(c, 0, sizeof(*c));
	lb_fit_tree_begin(&c->tree, &adder);
}

static bool asks_for(const struct lb_fit_image *image, enum lb_fit_method m)
{
	for (size_t h = 0; h < image->hash_count; h++)
		if (image->hash[h].method == m)
			return true;
	return false;
}

/* Bytes `at` to `at + n` of the file have come. */
static void add_behind(struct lb_fit_check *c, size_t i, const uint8_t *p, size_t n)
{
	const uint64_t end = c->at + n;
	struct lb_fit_image image;
	uint64_t from, to;

	/* What is wrong with it is told at the end. */
	if (lb_fit_image(&c->tree, i, &image) < 0 && image.hash_count == 0)
		return;
	if (!image.behind)
		return;
	from = c->at > image.at ? c->at : image.at;
	to = end < image.at + image.size_bytes ? end : image.at + image.size_bytes;
	if (from >= to)
		return;
	for (int m = 0; m < LB_FIT_METHOD_COUNT; m++)
		if (asks_for(&image, (enum lb_fit_method)m))
			sum_add(&c->behind[i], (enum lb_fit_method)m, p + (from - c->at),
				(size_t)(to - from));
}

void lb_fit_check_feed(struct lb_fit_check *c, const void *data, size_t n)
{
	if (!c->tree.whole)
		lb_fit_tree_feed(&c->tree, data, n);
	if (c->tree.whole && !c->begun) {
		c->begun = true;
		for (size_t i = 0; i < c->tree.image_count; i++)
			sum_begin(&c->behind[i]);
	}
	if (c->tree.whole)
		for (size_t i = 0; i < c->tree.image_count; i++)
			add_behind(c, i, data, n);
	c->at += n;
}

static int check_image(struct lb_fit_check *c, size_t i, const char **name)
{
	struct lb_fit_digests behind;
	const struct lb_fit_digests *seen = &behind;
	struct lb_fit_image image;
	int rc = lb_fit_image(&c->tree, i, &image);

	*name = image.name;
	if (rc < 0 && rc != LB_E(UNSUP))
		return rc;
	if (image.behind && image.at + image.size_bytes > c->at)
		return LB_E(TRUNC);
	if (image.inside)
		seen = image.seen;
	else
		sum_end(&c->behind[i], &behind);
	for (size_t h = 0; h < image.hash_count; h++)
		if (memcmp(image.hash[h].want, seen->of[image.hash[h].method],
			   lb_fit_digest_bytes(image.hash[h].method)) != 0)
			return LB_E(CRC);
	return image.hash_count > 0 ? 0 : LB_E(STATE);
}

int lb_fit_check_end(struct lb_fit_check *c, const char **name)
{
	bool all = c->tree.image_count > 0 && !c->tree.more_images;

	*name = "";
	if (!c->tree.whole)
		return c->tree.error < 0 ? c->tree.error : LB_E(TRUNC);
	for (size_t i = 0; i < c->tree.image_count; i++) {
		int rc = check_image(c, i, name);

		if (rc < 0 && rc != LB_E(STATE))
			return rc;
		all = all && rc == 0;
	}
	return all ? 0 : LB_E(STATE);
}

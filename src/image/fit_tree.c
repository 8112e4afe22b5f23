#include "image/fit_tree.h"

#include <string.h>

#include "base/bytes.h"
#include "image/formats.h"

#define BEGIN_NODE   1
#define END_NODE     2
#define PROP	     3
#define NOP	     4
#define END	     9

#define HEADER_BYTES 40
#define DEPTH_MAX    16
#define IMAGES_DEPTH 2	/* "/" is 1, "/images" 2, an image 3, its hash 4 */
#define DATA_LEAST   17 /* shorter values are words, no kernels */

enum phase {
	HEADER,
	TOKEN,
	PROP_LEN,
	PROP_NAME,
	PROP_VALUE,
	NODE_NAME,
	PADDING,
	DONE
};

static const struct {
	const char *name;
	size_t bytes;
} methods[LB_FIT_METHOD_COUNT] = {
	[LB_FIT_CRC32] = {"crc32", 4},
	[LB_FIT_SHA1] = {"sha1", 20},
	[LB_FIT_SHA256] = {"sha256", 32},
};

size_t lb_fit_digest_bytes(enum lb_fit_method m)
{
	return methods[m].bytes;
}

void lb_fit_tree_begin(struct lb_fit_tree *t, const struct lb_fit_adder *adder)
{
	memset(t, 0, sizeof(*t));
	t->adder = *adder;
	t->phase = HEADER;
}

/* 0, or LB_E(TRUNC|RANGE). */
static int parse_header(struct lb_fit_header *out, struct lb_rd r)
{
	struct lb_fit_header h;

	(void)lb_rd_be32(&r);
	h.total = lb_rd_be32(&r);
	h.structure = lb_rd_be32(&r);
	h.strings = lb_rd_be32(&r);
	(void)lb_rd_take(&r, 16); /* reserved memory, versions, boot CPU */
	h.strings_len = lb_rd_be32(&r);
	h.structure_len = lb_rd_be32(&r);
	if (r.bad)
		return LB_E(TRUNC);
	if (h.total < HEADER_BYTES || h.structure < HEADER_BYTES || h.strings < HEADER_BYTES ||
	    h.structure > h.total || h.structure_len > h.total - h.structure ||
	    h.strings > h.total || h.strings_len > h.total - h.strings)
		return LB_E(RANGE);
	*out = h;
	return 0;
}

int lb_parse_fit(struct lb_image *out, struct lb_rd head)
{
	struct lb_fit_header h;
	int rc = parse_header(&h, head);

	if (rc == 0)
		out->length_bytes = h.total;
	return rc;
}

static void begin_image(struct lb_fit_tree *t)
{
	t->current = NULL;
	if (t->image_count == LB_FIT_IMAGES_MAX) {
		t->more_images = true;
		return;
	}
	t->current = &t->image[t->image_count++];
	memcpy(t->current->name, t->node, sizeof(t->node));
}

static void begin_hash(struct lb_fit_tree *t)
{
	struct lb_fit_record *image = t->current;

	t->in_hash = image && strncmp(t->node, "hash", 4) == 0;
	if (!t->in_hash)
		return;
	if (image->hash_count == LB_FIT_HASHES_MAX) {
		image->too_much = true;
		t->in_hash = false;
		return;
	}
	image->hash_count++;
}

static void begin_node(struct lb_fit_tree *t)
{
	t->depth++;
	if (t->depth > DEPTH_MAX)
		t->error = LB_E(RANGE);
	else if (t->depth == IMAGES_DEPTH)
		t->in_images = strcmp(t->node, "images") == 0;
	else if (t->in_images && t->depth == IMAGES_DEPTH + 1)
		begin_image(t);
	else if (t->in_images && t->depth == IMAGES_DEPTH + 2)
		begin_hash(t);
}

static void end_node(struct lb_fit_tree *t)
{
	if (t->depth == IMAGES_DEPTH + 2)
		t->in_hash = false;
	if (t->depth == IMAGES_DEPTH + 1)
		t->current = NULL;
	if (t->depth == IMAGES_DEPTH)
		t->in_images = false;
	t->depth--;
	if (t->depth < 0)
		t->error = LB_E(RANGE);
}

static bool at_image(const struct lb_fit_tree *t)
{
	return t->current && t->depth == IMAGES_DEPTH + 1;
}

/* The value of a property comes next: is it one to add up? */
static void begin_value(struct lb_fit_tree *t)
{
	t->left = t->prop_len;
	t->adding = at_image(t) && t->prop_len >= DATA_LEAST;
	if (t->adding && t->current->data_count == LB_FIT_DATA_MAX) {
		t->current->too_much = true;
		t->adding = false;
	}
	if (t->adding)
		t->adder.begin(t->adder.ctx);
}

static void keep_number(struct lb_fit_record *image, uint32_t name, const uint8_t value[4])
{
	struct lb_rd r = lb_rd_init(value, 4);

	if (image->number_count == LB_FIT_NUMBERS_MAX) {
		image->too_much = true;
		return;
	}
	image->number[image->number_count].name = name;
	image->number[image->number_count++].value = lb_rd_be32(&r);
}

static void keep_of_hash(struct lb_fit_tree *t)
{
	struct lb_fit_hash_record *h = &t->current->hash[t->current->hash_count - 1];

	if (h->prop_count == sizeof(h->prop) / sizeof(h->prop[0])) {
		t->current->too_much = true;
		return;
	}
	h->prop[h->prop_count].name = t->prop_name;
	h->prop[h->prop_count].len = t->prop_len;
	memcpy(h->prop[h->prop_count++].value, t->value, sizeof(t->value));
}

static void end_value(struct lb_fit_tree *t)
{
	if (t->adding) {
		struct lb_fit_record *image = t->current;

		image->data[image->data_count].name = t->prop_name;
		t->adder.end(t->adder.ctx, &image->data[image->data_count++].seen);
	} else if (at_image(t) && t->prop_len == 4) {
		keep_number(t->current, t->prop_name, t->value);
	} else if (t->in_hash && t->depth == IMAGES_DEPTH + 2) {
		keep_of_hash(t);
	}
	t->adding = false;
}

/* Names and values end at multiples of four. */
static void pad(struct lb_fit_tree *t, size_t n)
{
	t->padding = (4 - n % 4) % 4;
	t->phase = t->padding ? PADDING : TOKEN;
}

static void take_token(struct lb_fit_tree *t, uint32_t token)
{
	if (token == BEGIN_NODE) {
		memset(t->node, 0, sizeof(t->node));
		t->node_len = 0;
		t->phase = NODE_NAME;
	} else if (token == PROP) {
		t->phase = PROP_LEN;
	} else if (token == END_NODE) {
		end_node(t);
	} else if (token == END) {
		t->phase = DONE;
		if (t->depth != 0)
			t->error = LB_E(RANGE);
	} else if (token != NOP) {
		t->error = LB_E(RANGE);
	}
}

static void take_word(struct lb_fit_tree *t)
{
	struct lb_rd r = lb_rd_init(t->word, sizeof(t->word));
	const uint32_t word = lb_rd_be32(&r);

	if (t->phase == TOKEN) {
		take_token(t, word);
	} else if (t->phase == PROP_LEN) {
		t->prop_len = word;
		t->phase = PROP_NAME;
	} else {
		t->prop_name = word;
		t->phase = PROP_VALUE;
		begin_value(t);
		if (t->prop_len == 0) {
			end_value(t);
			t->phase = TOKEN;
		}
	}
}

static size_t take_value(struct lb_fit_tree *t, const uint8_t *p, size_t n)
{
	const uint32_t at = t->prop_len - t->left;
	const size_t taken = n < t->left ? n : t->left;

	if (t->adding)
		t->adder.data(t->adder.ctx, p, taken);
	else
		for (size_t i = 0; i < taken && at + i < sizeof(t->value); i++)
			t->value[at + i] = p[i];
	t->left -= (uint32_t)taken;
	if (t->left == 0) {
		end_value(t);
		pad(t, t->prop_len);
	}
	return taken;
}

static void take_byte(struct lb_fit_tree *t, uint8_t byte)
{
	if (t->phase == PADDING) {
		if (--t->padding == 0)
			t->phase = TOKEN;
	} else if (t->phase == NODE_NAME) {
		if (byte && t->node_len < sizeof(t->node) - 1)
			t->node[t->node_len] = byte >= ' ' && byte <= '~' ? (char)byte : '?';
		t->node_len++;
		if (byte)
			return;
		pad(t, t->node_len);
		begin_node(t);
	} else {
		t->word[t->word_used++] = byte;
		if (t->word_used < sizeof(t->word))
			return;
		t->word_used = 0;
		take_word(t);
	}
}

static void walk(struct lb_fit_tree *t, const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && t->error == 0 && t->phase != DONE) {
		if (t->phase == PROP_VALUE)
			i += take_value(t, p + i, n - i);
		else
			take_byte(t, p[i++]);
	}
}

/* Of the n bytes from `at` on those that belong to `from` to `from + len`. */
static struct lb_rd overlap(const uint8_t *p, uint64_t at, size_t n, uint64_t from, uint64_t len)
{
	const uint64_t start = at > from ? at : from;
	const uint64_t end = at + n < from + len ? at + n : from + len;

	return start < end ? lb_rd_init(p + (start - at), (size_t)(end - start)) : lb_rd_init(p, 0);
}

static void keep_names(struct lb_fit_tree *t, const uint8_t *p, size_t n)
{
	const uint64_t len =
		t->head.strings_len < sizeof(t->names) ? t->head.strings_len : sizeof(t->names);
	const struct lb_rd part = overlap(p, t->at, n, t->head.strings, len);

	if (lb_rd_left(&part) > 0)
		memcpy(t->names + (t->at > t->head.strings ? t->at - t->head.strings : 0), part.p,
		       lb_rd_left(&part));
}

void lb_fit_tree_feed(struct lb_fit_tree *t, const void *data, size_t n)
{
	const uint8_t *p = data;
	struct lb_rd part;

	while (n > 0 && t->phase == HEADER) {
		t->header[t->at++] = *p++;
		n--;
		if (t->at < sizeof(t->header))
			continue;
		t->error = parse_header(&t->head, lb_rd_init(t->header, sizeof(t->header)));
		t->phase = TOKEN;
	}
	if (n > 0 && t->error == 0 && t->at < t->head.total) {
		if (n > t->head.total - t->at)
			n = (size_t)(t->head.total - t->at);
		keep_names(t, p, n);
		part = overlap(p, t->at, n, t->head.structure, t->head.structure_len);
		walk(t, part.p, lb_rd_left(&part));
		t->at += n;
	}
	if (t->phase == HEADER || t->error < 0 || t->at < t->head.total)
		return;
	if (t->phase == DONE)
		t->whole = true;
	else
		t->error = LB_E(RANGE);
}

static bool is_named(const struct lb_fit_tree *t, uint32_t name, const char *text)
{
	const size_t n = strlen(text) + 1;

	return name < sizeof(t->names) && n <= sizeof(t->names) - name &&
	       memcmp(t->names + name, text, n) == 0;
}

static bool find_number(const struct lb_fit_tree *t, const struct lb_fit_record *r,
			const char *name, uint64_t *out)
{
	for (size_t i = 0; i < r->number_count; i++)
		if (is_named(t, r->number[i].name, name)) {
			*out = r->number[i].value;
			return true;
		}
	return false;
}

static void find_data(const struct lb_fit_tree *t, const struct lb_fit_record *r,
		      struct lb_fit_image *out)
{
	for (size_t i = 0; i < r->data_count; i++)
		if (is_named(t, r->data[i].name, "data")) {
			out->inside = true;
			out->seen = &r->data[i].seen;
		}
	if (out->inside || !find_number(t, r, "data-size", &out->size_bytes))
		return;
	out->behind = find_number(t, r, "data-position", &out->at);
	if (!out->behind && find_number(t, r, "data-offset", &out->at)) {
		out->behind = true;
		out->at += ((uint64_t)t->head.total + 3) / 4 * 4;
	}
}

/* The method of that name, or LB_E(UNSUP). */
static int find_method(const uint8_t *name, size_t n)
{
	for (int m = 0; m < LB_FIT_METHOD_COUNT; m++)
		if (n == strlen(methods[m].name) + 1 && memcmp(name, methods[m].name, n) == 0)
			return m;
	return LB_E(UNSUP);
}

static int resolve_hash(const struct lb_fit_tree *t, const struct lb_fit_hash_record *h,
			struct lb_fit_hash *out)
{
	size_t algo = h->prop_count, value = h->prop_count;
	int method;

	for (size_t i = 0; i < h->prop_count; i++) {
		if (is_named(t, h->prop[i].name, "algo"))
			algo = i;
		else if (is_named(t, h->prop[i].name, "value"))
			value = i;
	}
	if (algo == h->prop_count || value == h->prop_count)
		return LB_E(FORMAT);
	if (h->prop[algo].len > LB_FIT_DIGEST_MAX)
		return LB_E(UNSUP);
	method = find_method(h->prop[algo].value, h->prop[algo].len);
	if (method < 0)
		return method;
	if (h->prop[value].len != methods[method].bytes)
		return LB_E(FORMAT);
	out->method = (enum lb_fit_method)method;
	memcpy(out->want, h->prop[value].value, methods[method].bytes);
	return 0;
}

int lb_fit_image(const struct lb_fit_tree *t, size_t i, struct lb_fit_image *out)
{
	const struct lb_fit_record *r = &t->image[i];
	int rc = r->too_much || t->head.strings_len > sizeof(t->names) ? LB_E(UNSUP) : 0;

	*out = (struct lb_fit_image){.name = r->name};
	find_data(t, r, out);
	for (size_t h = 0; h < r->hash_count; h++) {
		int one = resolve_hash(t, &r->hash[h], &out->hash[out->hash_count]);

		if (one == 0)
			out->hash_count++;
		else if (rc == 0)
			rc = one;
	}
	if (rc == 0 && r->hash_count > 0 && !out->inside && !out->behind)
		rc = LB_E(FORMAT);
	return rc;
}

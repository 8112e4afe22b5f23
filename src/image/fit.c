/* Flattened image trees: a device tree with kernel, root and their checksums. Data stand in the
 * tree, or behind it ("external"): then the tree alone says neither how long the file is nor
 * whether it is whole. Source: the devicetree specification, chapter 5, and U-Boot's description of
 * the format. */
#include <string.h>

#include "image/formats.h"

#define FDT_HEADER     40
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE   2
#define FDT_PROP       3
#define FDT_NOP	       4
#define FDT_END	       9

#define IMAGES_DEPTH   2 /* "/" is 1, "/images" 2, an image 3, its hash 4 */
#define DEPTH_MAX      16

struct walk {
	struct lb_image *out;
	struct lb_rd head, strings; /* the whole file, the names of properties */
	uint64_t data_at;	    /* where external data start */
	int depth;
	bool in_images;
	bool has_size, has_place; /* of the image that is being read */
	uint64_t at, size;
	bool is_crc, has_value; /* of its hash */
	uint32_t value;
	bool has_crc;
	uint32_t crc;
};

static bool is_named(struct lb_rd strings, uint32_t at, const char *name)
{
	const size_t n = strlen(name) + 1;
	const uint8_t *p;

	(void)lb_rd_take(&strings, at);
	p = lb_rd_take(&strings, n);
	return p && memcmp(p, name, n) == 0;
}

static void end_image(struct walk *w)
{
	struct lb_image *out = w->out;
	const uint64_t end = w->at + w->size;

	if (!w->has_size || !w->has_place)
		return;
	if (end > out->length_bytes)
		out->length_bytes = end;
	if (w->has_crc && w->size > 0 && out->sum_count < LB_IMAGE_SUMS_MAX)
		out->sums[out->sum_count++] =
			(struct lb_image_sum){LB_SUM_CRC32, w->at, end, w->crc};
}

static void begin_node(struct walk *w, const uint8_t *name, size_t n)
{
	w->depth++;
	if (w->depth == IMAGES_DEPTH)
		w->in_images = n == 7 && memcmp(name, "images", 7) == 0;
	if (w->depth == IMAGES_DEPTH + 1)
		w->has_size = w->has_place = w->has_crc = false;
	if (w->depth == IMAGES_DEPTH + 2)
		w->is_crc = w->has_value = false;
}

static void end_node(struct walk *w)
{
	if (w->in_images && w->depth == IMAGES_DEPTH + 2 && w->is_crc && w->has_value) {
		w->has_crc = true;
		w->crc = w->value;
	}
	if (w->in_images && w->depth == IMAGES_DEPTH + 1)
		end_image(w);
	w->depth--;
}

static void property(struct walk *w, uint32_t name, struct lb_rd value)
{
	const size_t n = lb_rd_left(&value);
	const uint8_t *text = value.p;
	const uint32_t number = n == 4 ? lb_rd_be32(&value) : 0;

	if (w->in_images && w->depth == IMAGES_DEPTH + 1 && n == 4) {
		if (is_named(w->strings, name, "data-size")) {
			w->has_size = true;
			w->size = number;
		} else if (is_named(w->strings, name, "data-offset")) {
			w->has_place = true;
			w->at = w->data_at + number;
		} else if (is_named(w->strings, name, "data-position")) {
			w->has_place = true;
			w->at = number;
		}
	} else if (w->in_images && w->depth == IMAGES_DEPTH + 2) {
		if (is_named(w->strings, name, "algo"))
			w->is_crc = n == 6 && memcmp(text, "crc32", 6) == 0;
		else if (n == 4 && is_named(w->strings, name, "value")) {
			w->has_value = true;
			w->value = number;
		}
	}
}

/* Names and values end at multiples of four. */
static void skip_padding(struct lb_rd *r, size_t n)
{
	(void)lb_rd_take(r, (4 - n % 4) % 4);
}

static int take_node_name(struct walk *w, struct lb_rd *r)
{
	struct lb_rd ahead = *r;
	const uint8_t *name;
	size_t n = 1;

	while (lb_rd_left(&ahead) > 0 && lb_rd_u8(&ahead) != 0)
		n++;
	name = lb_rd_take(r, n);
	if (!name)
		return LB_E(RANGE); /* a name without an end */
	begin_node(w, name, n);
	skip_padding(r, n);
	return r->bad || w->depth > DEPTH_MAX ? LB_E(RANGE) : 0;
}

static int take_property(struct walk *w, struct lb_rd *r)
{
	const uint32_t n = lb_rd_be32(r), name = lb_rd_be32(r);
	struct lb_rd value = lb_rd_sub(r, n);

	if (value.bad)
		return LB_E(RANGE);
	property(w, name, value);
	skip_padding(r, n);
	return 0;
}

static int walk_tree(struct walk *w, struct lb_rd r)
{
	for (;;) {
		const uint32_t token = lb_rd_be32(&r);
		int rc = 0;

		if (r.bad)
			return LB_E(RANGE);
		if (token == FDT_BEGIN_NODE)
			rc = take_node_name(w, &r);
		else if (token == FDT_PROP)
			rc = take_property(w, &r);
		else if (token == FDT_END_NODE)
			end_node(w);
		else if (token != FDT_NOP)
			return token == FDT_END && w->depth == 0 ? 0 : LB_E(RANGE);
		if (rc < 0 || w->depth < 0)
			return LB_E(RANGE);
	}
}

static struct lb_rd part(struct lb_rd head, uint32_t at, uint32_t n)
{
	(void)lb_rd_take(&head, at);
	return lb_rd_sub(&head, n);
}

int lb_parse_fit(struct lb_image *out, struct lb_rd head)
{
	struct walk w = {.out = out, .head = head};
	uint32_t total, structure, strings, strings_len, structure_len;
	struct lb_rd r = head, tree;

	(void)lb_rd_be32(&r);
	total = lb_rd_be32(&r);
	structure = lb_rd_be32(&r);
	strings = lb_rd_be32(&r);
	(void)lb_rd_take(&r, 16); /* reserved memory, versions, boot CPU */
	strings_len = lb_rd_be32(&r);
	structure_len = lb_rd_be32(&r);
	if (r.bad)
		return LB_E(TRUNC);
	if (total < FDT_HEADER || structure < FDT_HEADER || strings < FDT_HEADER ||
	    structure > total || structure_len > total - structure || strings > total ||
	    strings_len > total - strings)
		return LB_E(RANGE);
	out->length_bytes = total;
	tree = part(head, structure, structure_len);
	w.strings = part(head, strings, strings_len);
	w.data_at = ((uint64_t)total + 3) / 4 * 4;
	/* A tree with its data inside is longer than the head: its length is all that can be
	 * checked. */
	return tree.bad || w.strings.bad ? 0 : walk_tree(&w, tree);
}

#include "image/identify.h"

#include <string.h>

#include "image/formats.h"
#include "image/rootfs.h"
#include "image/tar.h"

#define EXT4_SUPER_AT	    1024
#define EXT4_BLOCK_BITS_MAX 6 /* 64 KiB */

#define ANYWHERE	    (-1)
#define BY_CONTENT	    (-2) /* never by its first bytes: told by what was found inside */

static int lb_parse_none(struct lb_image *out, struct lb_rd head)
{
	return LB_E(FORMAT);
}

/* The magic says it all: no header that could be checked. */
static int lb_parse_bare(struct lb_image *out, struct lb_rd head)
{
	return 0;
}

static const struct row {
	const char *name, *title;
	enum lb_image_class class;
	int off;
	const char *magic;
	size_t magic_len;
	lb_image_parser *parse;
} rows[LB_IMAGE_COUNT] = {
#define IMAGE(id, name_, title_, class_, off_, magic_, parser) \
	[LB_IMAGE_##id] = {.name = (name_),                    \
			   .title = (title_),                  \
			   .class = LB_IMAGE_CLASS_##class_,   \
			   .off = (off_),                      \
			   .magic = (magic_),                  \
			   .magic_len = sizeof(magic_) - 1,    \
			   .parse = lb_parse_##parser},
#include "tables/images.def"
#undef IMAGE
};

int lb_parse_rootfs(struct lb_image *out, struct lb_rd head)
{
	struct lb_rootfs fs;
	size_t n = lb_rd_left(&head);
	int rc = lb_rootfs_parse(&fs, lb_rd_take(&head, n), n);

	if (rc == 0)
		out->length_bytes = fs.length_bytes;
	return rc;
}

/* Two bytes are little of a magic: the size must make sense as well. */
int lb_parse_ext4(struct lb_image *out, struct lb_rd head)
{
	uint64_t blocks;
	uint32_t block_bits;

	(void)lb_rd_take(&head, EXT4_SUPER_AT + 4);
	blocks = lb_rd_le32(&head);
	(void)lb_rd_take(&head, 16);
	block_bits = lb_rd_le32(&head);
	if (head.bad || blocks == 0 || block_bits > EXT4_BLOCK_BITS_MAX)
		return LB_E(FORMAT);
	out->length_bytes = blocks << (10 + block_bits);
	return 0;
}

int lb_parse_sysupgrade_tar(struct lb_image *out, struct lb_rd head)
{
	struct lb_tar_header h;
	const uint8_t *block = lb_rd_take(&head, LB_TAR_BLOCK);

	if (!block || lb_tar_parse(&h, block, LB_TAR_BLOCK) < 0 ||
	    lb_sysupgrade_board(out->board, h.name) < 0)
		return LB_E(FORMAT);
	return 0;
}

static bool has_magic(const struct row *row, const uint8_t *head, size_t n)
{
	if (row->off == BY_CONTENT || row->magic_len == 0)
		return false;
	if (row->off == ANYWHERE)
		return memmem(head, n, row->magic, row->magic_len) != NULL;
	return n >= (size_t)row->off + row->magic_len &&
	       memcmp(head + row->off, row->magic, row->magic_len) == 0;
}

int lb_image_identify(struct lb_image *out, const void *head, size_t n)
{
	for (int kind = 0; kind < LB_IMAGE_COUNT; kind++) {
		struct lb_image image = {.kind = (enum lb_image_kind)kind};
		int rc;

		if (!has_magic(&rows[kind], head, n))
			continue;
		rc = rows[kind].parse(&image, lb_rd_init(head, n));
		if (rc == LB_E(FORMAT))
			continue;
		/* What a damaged header says is not worth repeating. */
		*out = rc < 0 ? (struct lb_image){.kind = image.kind, .header = rc} : image;
		return 0;
	}
	return LB_E(FORMAT);
}

static const struct row *row_of(enum lb_image_kind kind)
{
	return &rows[(unsigned)kind < LB_IMAGE_COUNT ? kind : LB_IMAGE_NONE];
}

const char *lb_image_name(enum lb_image_kind kind)
{
	return row_of(kind)->name;
}

const char *lb_image_title(enum lb_image_kind kind)
{
	return row_of(kind)->title;
}

enum lb_image_class lb_image_class(enum lb_image_kind kind)
{
	return row_of(kind)->class;
}

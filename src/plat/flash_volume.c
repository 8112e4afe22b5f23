#include "plat/flash_volume.h"

#include <stdbool.h>
#include <string.h>

#include "base/log.h"
#include "image/flash_block.h"

#define LOOK_BYTES 4096	 /* of each erase block: what was written starts at its begin */
#define PAGE_MAX   16384 /* the largest that NAND chips have */
#define NO_BLOCK   UINT32_MAX

_Static_assert(LB_FLASH_MARK_BYTES == sizeof(LB_FLASH_REQUEST) - 1, "the longest mark");

static int check_geometry(const struct plat_mtd *m)
{
	return m->block_count == 0 || m->page_bytes == 0 || m->page_bytes > PAGE_MAX ||
			       m->block_bytes < LB_FLASH_MARK_BYTES ||
			       m->block_bytes % m->page_bytes != 0
		       ? LB_E(UNSUP)
		       : 0;
}

static size_t look_bytes(const struct plat_mtd *m)
{
	return m->block_bytes < LOOK_BYTES ? m->block_bytes : LOOK_BYTES;
}

static int look_at(const struct plat_mtd *m, uint32_t block, enum lb_flash_look *out)
{
	uint8_t look[LOOK_BYTES];
	int rc = m->read(m->ctx, block, 0, look, look_bytes(m));

	if (rc == 0)
		*out = lb_flash_look(look, look_bytes(m));
	return rc;
}

/* Does nothing follow what the start of the block shows, or does JFFS2 find something in it? */
struct depth {
	bool free, node;
};

static int read_through(const struct plat_mtd *m, uint32_t block, struct depth *out)
{
	struct depth d = {.free = true};

	for (uint32_t at = 0; at < m->block_bytes;) {
		const uint32_t left = m->block_bytes - at;
		const size_t n = left < LOOK_BYTES ? left : LOOK_BYTES;
		uint8_t piece[LOOK_BYTES];
		enum lb_flash_look look;
		int rc = m->read(m->ctx, block, at, piece, n);

		if (rc < 0)
			return rc;
		look = lb_flash_look(piece, n);
		d.free = d.free && (look == LB_FLASH_BLANK || (at == 0 && look == LB_FLASH_CLEAN));
		d.node = d.node || (look != LB_FLASH_CLEAN && lb_flash_has_node(piece, n));
		at += (uint32_t)n;
	}
	*out = d;
	return 0;
}

/* --- what is on it */

struct survey {
	uint32_t good, first; /* blocks that are not bad; the first of them */
	bool asks, node;
	enum lb_flash_look first_look;
	uint32_t odd, last_odd; /* blocks that are neither free nor JFFS2's */
};

static void count(struct survey *s, uint32_t block, enum lb_flash_look look)
{
	if (s->good++ == 0) {
		s->first = block;
		s->first_look = look;
		s->asks = look == LB_FLASH_DEAD;
	}
	if (look == LB_FLASH_ASKS)
		s->asks = true;
	else if (look == LB_FLASH_NODE)
		s->node = true;
	else if (look == LB_FLASH_DEAD || look == LB_FLASH_OTHER) {
		s->odd++;
		s->last_odd = block;
	}
}

static int survey(const struct plat_mtd *m, struct survey *out)
{
	struct survey s = {.first = NO_BLOCK};
	int rc = check_geometry(m);

	for (uint32_t b = 0; rc == 0 && b < m->block_count; b++) {
		enum lb_flash_look look = LB_FLASH_OTHER;
		int bad = m->is_bad(m->ctx, b);

		if (bad < 0)
			return bad;
		if (bad)
			continue;
		if (look_at(m, b, &look) < 0)
			log_warn("erase block %u of the overlay's flash cannot be read", b);
		count(&s, b, look);
	}
	if (rc == 0)
		*out = s;
	return rc;
}

/* The last step of an erasure was cut: bytes that mean nothing, in one block that is not the first.
 */
static bool is_last_step(const struct plat_mtd *m, const struct survey *s)
{
	struct depth d;

	return s->odd == 1 && s->last_odd != s->first && read_through(m, s->last_odd, &d) == 0 &&
	       !d.node;
}

int lb_mtd_content(const struct plat_mtd *m, enum lb_overlay_content *out)
{
	struct survey s;
	int rc = survey(m, &s);

	if (rc < 0)
		return rc;
	if (s.asks)
		*out = LB_CONTENT_DEADCODE;
	else if (s.good == 0)
		*out = LB_CONTENT_UNKNOWN;
	else if (s.node)
		*out = LB_CONTENT_JFFS2;
	else if (s.odd == 0 || is_last_step(m, &s))
		*out = LB_CONTENT_BLANK;
	else
		*out = LB_CONTENT_UNKNOWN;
	return 0;
}

/* --- erase it */

static bool is_free(const struct plat_mtd *m, uint32_t block)
{
	struct depth d;

	return read_through(m, block, &d) == 0 && d.free;
}

/* Also where the erasure seems to have worked: a worn block keeps bits. */
static int erase_block(const struct plat_mtd *m, uint32_t block)
{
	int rc = LB_E(IO);

	for (int attempt = 0; attempt < 2; attempt++) {
		rc = m->erase(m->ctx, block);
		if (rc == 0 && is_free(m, block))
			return 0;
	}
	return rc < 0 ? rc : LB_E(IO);
}

/* What cannot be erased any more is taken out of use, and so out of sight of the file system. */
static int clear_block(const struct plat_mtd *m, uint32_t block)
{
	int rc = is_free(m, block) ? 0 : erase_block(m, block);

	if (rc == 0)
		return 0;
	if (m->mark_bad(m->ctx, block) == 0) {
		log_warn("erase block %u of the overlay's flash is worn out: it was marked as bad",
			 block);
		return 0;
	}
	log_err("erase block %u of the overlay's flash cannot be erased: it %s", block,
		lb_strerror(rc));
	return rc;
}

/* Write a mark to the start of a block and read it back. */
static int stamp(const struct plat_mtd *m, uint32_t block, const char *mark)
{
	const size_t pages = (LB_FLASH_MARK_BYTES + m->page_bytes - 1) / m->page_bytes;
	const size_t n = pages * m->page_bytes;
	uint8_t page[PAGE_MAX], back[LB_FLASH_MARK_BYTES];
	int rc = erase_block(m, block);

	memset(page, 0xFF, sizeof(page));
	memcpy(page, mark, strlen(mark));
	if (rc == 0)
		rc = m->program(m->ctx, block, 0, page, n);
	if (rc == 0)
		rc = m->read(m->ctx, block, 0, back, sizeof(back));
	return rc == 0 && memcmp(back, page, sizeof(back)) != 0 ? LB_E(IO) : rc;
}

static bool is_bad(const struct plat_mtd *m, uint32_t block)
{
	return m->is_bad(m->ctx, block) != 0;
}

/* The last block below `before` and behind the first good one that looks so, or NO_BLOCK. JFFS2
 * fills the first ones first. */
static uint32_t find_last(const struct plat_mtd *m, const struct survey *s, uint32_t before,
			  enum lb_flash_look wanted)
{
	for (uint32_t b = before; b-- > s->first + 1;) {
		enum lb_flash_look look;

		if (!is_bad(m, b) && look_at(m, b, &look) == 0 && look == wanted)
			return b;
	}
	return NO_BLOCK;
}

static bool has_node(const struct plat_mtd *m, uint32_t block)
{
	struct depth d;

	return read_through(m, block, &d) < 0 || d.node;
}

/* A block in which JFFS2 has nothing: it will not miss it. What a cut has left goes first, or a cut
 * now would leave two such. */
static int stamp_idle(const struct plat_mtd *m, const struct survey *s, uint32_t *out)
{
	static const enum lb_flash_look kinds[] = {LB_FLASH_BLANK, LB_FLASH_CLEAN, LB_FLASH_OTHER};

	if (is_last_step(m, s) && stamp(m, s->last_odd, LB_FLASH_REQUEST) == 0) {
		*out = s->last_odd;
		return 0;
	}
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint32_t b = m->block_count;

		while ((b = find_last(m, s, b, kinds[i])) != NO_BLOCK)
			if (!has_node(m, b) && stamp(m, b, LB_FLASH_REQUEST) == 0) {
				*out = b;
				return 0;
			}
	}
	return LB_E(NOENT);
}

/* Where it is asked for already, nothing is lost any more; else one block is, and no second one. */
static int stamp_any(const struct plat_mtd *m, const struct survey *s, uint32_t *out)
{
	int rc = LB_E(IO);

	for (uint32_t b = m->block_count; b-- > s->first + 1;) {
		if (is_bad(m, b))
			continue;
		rc = stamp(m, b, LB_FLASH_REQUEST);
		if (rc == 0)
			*out = b;
		if (rc == 0 || !s->asks)
			break;
	}
	return rc;
}

/* Make a block other than the first ask for the erasure: it is what decides, and what still asks
 * while all the others are being erased. */
static int ask(const struct plat_mtd *m, const struct survey *s, uint32_t *out)
{
	uint32_t b = find_last(m, s, m->block_count, LB_FLASH_ASKS);

	if (s->good < 2)
		return LB_E(NOSPC);
	if (b == NO_BLOCK)
		return stamp_idle(m, s, out) == 0 ? 0 : stamp_any(m, s, out);
	*out = b;
	return 0;
}

int lb_mtd_erase(const struct plat_mtd *m)
{
	enum lb_overlay_content content;
	uint32_t asking = NO_BLOCK;
	struct survey s;
	int rc = survey(m, &s), first = 0;

	if (rc == 0)
		rc = ask(m, &s, &asking);
	if (rc < 0)
		return rc;
	for (uint32_t b = m->block_count; b-- > 0;) {
		if (b == asking || is_bad(m, b))
			continue;
		rc = clear_block(m, b);
		if (first == 0)
			first = rc;
	}
	if (first == 0)
		first = clear_block(m, asking);
	if (first < 0)
		return first;
	rc = lb_mtd_content(m, &content);
	return rc == 0 && content != LB_CONTENT_BLANK ? LB_E(IO) : rc;
}

int lb_mtd_mark(const struct plat_mtd *m)
{
	enum lb_overlay_content content;
	uint32_t asking;
	struct survey s;
	int rc = survey(m, &s);

	if (rc == 0)
		rc = ask(m, &s, &asking);
	if (rc < 0)
		return rc;
	if (s.first_look != LB_FLASH_DEAD && stamp(m, s.first, LB_FLASH_DEADCODE) < 0)
		log_warn(
			"the first erase block of the overlay's flash does not take OpenWrt's marker");
	rc = lb_mtd_content(m, &content);
	return rc == 0 && content != LB_CONTENT_DEADCODE ? LB_E(IO) : rc;
}

/* --- UBI */

static int is_empty(const struct plat_ubi *u)
{
	for (uint32_t b = 0; b < u->block_count; b++) {
		int mapped = u->is_mapped(u->ctx, b);

		if (mapped != 0)
			return mapped < 0 ? mapped : 0;
	}
	return 1;
}

int lb_ubi_content(const struct plat_ubi *u, enum lb_overlay_content *out)
{
	static const uint8_t ubifs[] = {0x31, 0x18, 0x10, 0x06};
	uint8_t head[sizeof(ubifs)];
	int updating = u->is_updating(u->ctx);
	int empty = updating == 0 ? is_empty(u) : updating;

	if (empty < 0)
		return empty;
	if (updating)
		*out = LB_CONTENT_DEADCODE;
	else if (empty)
		*out = LB_CONTENT_BLANK;
	else if (u->read(u->ctx, 0, 0, head, sizeof(head)) < 0)
		*out = LB_CONTENT_UNKNOWN;
	else
		*out = memcmp(head, LB_FLASH_DEADCODE, sizeof(head)) == 0 ? LB_CONTENT_DEADCODE
		       : memcmp(head, ubifs, sizeof(head)) == 0		  ? LB_CONTENT_UBIFS
									  : LB_CONTENT_UNKNOWN;
	return 0;
}

/* UBI sets its own marker first, so that a cut leaves the volume as one to be emptied. */
int lb_ubi_empty(const struct plat_ubi *u)
{
	enum lb_overlay_content content;
	int rc = u->empty(u->ctx);

	if (rc == 0)
		rc = lb_ubi_content(u, &content);
	return rc == 0 && content != LB_CONTENT_BLANK ? LB_E(IO) : rc;
}

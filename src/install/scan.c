#include "install/scan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/crc32.h"
#include "image/rootfs.h"
#include "install/metadata.h"

PRINTF_LIKE(2, 3) static void damaged(struct lb_scan *s, const char *fmt, ...)
{
	va_list args;

	if (s->damage[0])
		return; /* the first thing that is wrong explains the others */
	va_start(args, fmt);
	(void)vsnprintf(s->damage, sizeof(s->damage), fmt, args);
	va_end(args);
}

/* The value of the line "KEY=value". */
static void copy_value(char out[LB_NAME_MAX], const char *text, const char *key)
{
	const char *at = strncmp(text, key, strlen(key)) == 0 ? text + strlen(key) : NULL;
	size_t n = at ? strcspn(at, "\r\n") : 0;

	for (size_t i = 0; i < n && i < LB_NAME_MAX - 1; i++) {
		out[i] = at[i] >= ' ' && at[i] <= '~' ? at[i] : '?';
		out[i + 1] = '\0';
	}
}

/* NULL: not one of those that go to a place. */
static struct lb_scan_place *part_of(struct lb_scan_layer *l, const struct lb_tar_header *h)
{
	const char *base = strchr(h->name, '/');
	char board[LB_NAME_MAX];

	if ((h->type != '0' && h->type != '7') || !base || lb_sysupgrade_board(board, h->name) < 0)
		return NULL;
	if (strcmp(base, "/root") == 0)
		return &l->part[LB_SCAN_ROOT];
	return strcmp(base, "/kernel") == 0 ? &l->part[LB_SCAN_KERNEL] : NULL;
}

static void see_data(void *ctx, const struct lb_tar_header *h, const uint8_t *data, size_t n)
{
	struct lb_scan_layer *l = ctx;
	struct lb_scan_place *p = part_of(l, h);

	if (p && p->count == 0)
		lb_sha256_feed(&p->state, data, n);
}

static void see_member(void *ctx, const struct lb_tar_header *h, const char *text, size_t text_len)
{
	const char *base = strchr(h->name, '/');
	struct lb_scan_layer *l = ctx;
	struct lb_scan_place *part = part_of(l, h);
	char board[LB_NAME_MAX];

	lb_medkit_member(&l->content, h->name);
	if (lb_sysupgrade_board(board, h->name) == 0 && base && strcmp(base, "/CONTROL") == 0)
		copy_value(l->control_board, text, "BOARD=");
	if (part && part->count++ == 0) {
		lb_sha256_end(&part->state, part->sha256);
		part->at_bytes = l->tar.data_at;
		part->size_bytes = h->size_bytes;
	}
	if (strcmp(h->name, "etc/turris-version") == 0)
		copy_value(l->turris_version, text, "");
}

static bool is_tar(const struct lb_scan_layer *l)
{
	struct lb_tar_header h;

	return lb_tar_parse(&h, l->head, l->head_len) == 0;
}

/* Now that its head is complete, or as complete as it gets. */
static void decide(struct lb_scan_layer *l)
{
	const bool known = lb_image_identify(&l->image, l->head, l->head_len) == 0;

	l->decided = true;
	l->strange_at = UINT64_MAX;
	if (!known)
		l->image = (struct lb_image){.kind = is_tar(l) ? LB_IMAGE_TARBALL : LB_IMAGE_NONE};
	l->is_tree = l->image.kind == LB_IMAGE_FIT && l->image.header == 0;
	if (l->is_tree)
		lb_fit_check_begin(&l->fit);
	l->walks = l->image.kind == LB_IMAGE_TAR || l->image.kind == LB_IMAGE_TARBALL;
	if (l->walks)
		l->tar = lb_tar_init(see_member, l);
	if (l->image.kind != LB_IMAGE_TAR)
		return;
	l->tar.data = see_data;
	for (int i = 0; i < LB_SCAN_PARTS; i++)
		lb_sha256_begin(&l->part[i].state);
}

/* Bytes `at` to `at + n` of the layer have come: add up those that one of the format's checksums is
 * about. */
static void add_sum(uint32_t *seen, const struct lb_image_sum *sum, const uint8_t *data,
		    uint64_t at, size_t n)
{
	const uint64_t end = at + n;
	const uint64_t from = at > sum->from ? at : sum->from;
	const uint64_t to = end < sum->to ? end : sum->to;

	if (from >= to)
		return;
	data += from - at;
	n = (size_t)(to - from);
	if (sum->method == LB_SUM_BYTES)
		for (size_t i = 0; i < n; i++)
			*seen += data[i];
	else
		*seen = lb_crc32(*seen, data, n);
}

/* Of the n bytes that came last, look at those behind the first `ended_at` bytes of the layer.
 * Padding is zeros, or what flash has where nothing is. */
static void look_behind(struct lb_scan_layer *l, uint64_t ended_at, const uint8_t *data, size_t n)
{
	const uint64_t start = l->size_bytes - n;
	size_t i = ended_at > start ? (size_t)(ended_at - start) : 0;

	while (i < n && (data[i] == 0 || data[i] == 0xFF))
		i++;
	if (i < n && l->strange_at == UINT64_MAX)
		l->strange_at = start + i;
}

static void layer_take(struct lb_scan_layer *l, const uint8_t *data, size_t n)
{
	for (size_t i = 0; i < l->image.sum_count; i++)
		add_sum(&l->seen[i], &l->image.sums[i], data, l->size_bytes, n);
	l->size_bytes += n;
	if (l->is_tree)
		lb_fit_check_feed(&l->fit, data, n);
	if (l->walks) {
		lb_tar_feed(&l->tar, data, n);
		look_behind(l, l->tar.taken_bytes, data, n);
	}
}

static void unpacked(void *ctx, const uint8_t *data, size_t n);

static void file_take(struct lb_scan *s, const uint8_t *data, size_t n)
{
	layer_take(&s->file, data, n);
	if (s->packed) {
		lb_unpack_feed(&s->unpack, data, n);
		look_behind(&s->file, s->unpack.taken_bytes, data, n);
	}
}

static void file_decide(struct lb_scan *s)
{
	struct lb_scan_layer *l = &s->file;

	decide(l);
	if (lb_image_class(l->image.kind) == LB_IMAGE_CLASS_PACKED && l->image.header == 0)
		s->packed = lb_unpack_open(&s->unpack, l->image.kind, unpacked, s) == 0;
	file_take(s, l->head, l->head_len);
}

/* How many of the n bytes go into the head. */
static size_t fill_head(struct lb_scan_layer *l, const uint8_t *data, size_t n)
{
	const size_t room = sizeof(l->head) - l->head_len;
	const size_t taken = n < room ? n : room;

	memcpy(l->head + l->head_len, data, taken);
	l->head_len += taken;
	return taken;
}

static void unpacked(void *ctx, const uint8_t *data, size_t n)
{
	struct lb_scan *s = ctx;
	struct lb_scan_layer *l = &s->inside;
	const size_t taken = l->decided ? 0 : fill_head(l, data, n);

	lb_sha256_feed(&s->inside_state, data, n);
	if (s->inside_take)
		s->inside_take(s->inside_ctx, data, n);
	if (!l->decided && l->head_len == sizeof(l->head)) {
		decide(l);
		layer_take(l, l->head, l->head_len);
	}
	if (l->decided)
		layer_take(l, data + taken, n - taken);
}

/* Bytes that no block at the end can be in: checksum and hash go on over them. */
static void leave_tail(struct lb_scan *s, const uint8_t *data, size_t n)
{
	s->crc_before_tail = lb_crc32(s->crc_before_tail, data, n);
	lb_sha256_feed(&s->sha256_state, data, n);
}

/* Keep the end of the file: where the payload ends shows only when all of it has come. */
static void add_tail(struct lb_scan *s, const uint8_t *data, size_t n)
{
	const size_t total = s->tail_len + n;
	const size_t gone = total > sizeof(s->tail) ? total - LB_FWTOOL_TAIL_BYTES : 0;
	const size_t of_tail = gone < s->tail_len ? gone : s->tail_len;
	const size_t of_data = gone - of_tail;

	if (gone > 0) {
		leave_tail(s, s->tail, of_tail);
		leave_tail(s, data, of_data);
		memmove(s->tail, s->tail + of_tail, s->tail_len - of_tail);
	}
	s->tail_len -= of_tail;
	memcpy(s->tail + s->tail_len, data + of_data, n - of_data);
	s->tail_len += n - of_data;
}

int lb_scan_begin(struct lb_scan *s, struct lb_ed25519 *signature, bool with_md5)
{
	if (sodium_init() < 0)
		return LB_E(IO);
	memset(s, 0, sizeof(*s));
	lb_sha256_begin(&s->sha256_state);
	lb_sha256_begin(&s->inside_state);
	MD5Init(&s->md5_state);
	s->signature = signature;
	s->with_md5 = with_md5;
	return 0;
}

void lb_scan_feed(struct lb_scan *s, const void *data, size_t n)
{
	const size_t taken = s->file.decided ? 0 : fill_head(&s->file, data, n);
	const uint8_t *rest = (const uint8_t *)data + taken;

	if (s->with_md5)
		MD5Update(&s->md5_state, data, n);
	if (s->signature)
		lb_ed25519_feed(s->signature, data, n);
	add_tail(s, data, n);
	if (!s->file.decided && s->file.head_len == sizeof(s->file.head))
		file_decide(s);
	if (s->file.decided)
		file_take(s, rest, n - taken);
}

static void check_blocks(struct lb_scan *s)
{
	const struct lb_fwtool_block *b;

	if (lb_fwtool_parse(&s->blocks, s->tail, s->tail_len) < 0) {
		damaged(s, "has metadata at its end whose size cannot be right");
		return;
	}
	for (size_t i = 0; i < s->blocks.count; i++)
		if (lb_fwtool_verify(&s->blocks.block[i], s->tail, s->crc_before_tail) < 0) {
			damaged(s,
				"was changed after it was made: the checksum at its end is wrong");
			return;
		}
	s->summed = s->blocks.count > 0;
	b = lb_fwtool_find(&s->blocks, LB_FWTOOL_METADATA);
	if (b) {
		s->has_metadata = lb_metadata_parse(&s->metadata, s->tail + b->payload_at,
						    b->payload_len) == 0;
		if (!s->has_metadata)
			damaged(s, "has metadata at its end that cannot be read");
	}
	b = lb_fwtool_find(&s->blocks, LB_FWTOOL_SIGNATURE);
	if (b && b->payload_len > 0) {
		s->has_signature = true;
		memcpy(s->signature_text, s->tail + b->payload_at, b->payload_len);
		s->signature_len = b->payload_len;
		s->signed_bytes = s->file.size_bytes - (s->tail_len - b->payload_at);
	}
}

static void check_header(struct lb_scan *s, const struct lb_scan_layer *l, uint64_t size_bytes)
{
	if (l->image.header == LB_E(TRUNC))
		damaged(s, "ends within its header");
	else if (l->image.header == LB_E(CRC))
		damaged(s, "has a header with a wrong checksum");
	else if (l->image.header < 0)
		damaged(s, "has a header that makes no sense");
	else if (l->image.length_bytes > size_bytes)
		damaged(s, "was cut short: it has %" PRIu64 " bytes of at least %" PRIu64,
			size_bytes, l->image.length_bytes);
}

static bool is_right(const struct lb_image_sum *sum, uint32_t seen)
{
	switch (sum->method) {
	case LB_SUM_CRC32:
		return seen == sum->want;
	case LB_SUM_CRC32_OPEN:
		return ~seen == sum->want;
	case LB_SUM_BYTES:
		return (seen & 0xFF) == sum->want;
	case LB_SUM_NONE:
		break;
	}
	return false;
}

static void check_sum(struct lb_scan *s, const struct lb_scan_layer *l)
{
	for (size_t i = 0; i < l->image.sum_count; i++) {
		const struct lb_image_sum *sum = &l->image.sums[i];

		/* Something was appended: the sum over all was right before that. */
		if (sum->to == UINT64_MAX && s->blocks.appended_bytes > 0)
			continue;
		if (is_right(sum, l->seen[i]))
			s->summed = true;
		else
			damaged(s, "is damaged: the checksum of its data is wrong");
	}
}

static void check_tree(struct lb_scan *s, struct lb_scan_layer *l)
{
	const char *part;
	int rc = l->is_tree ? lb_fit_check_end(&l->fit, &part) : LB_E(STATE);

	if (rc == 0)
		s->summed = true;
	else if (rc == LB_E(CRC))
		damaged(s, "is damaged: the checksum of its part %s is wrong", part);
	else if (rc == LB_E(TRUNC))
		damaged(s, "was cut short: it ends before its part %s does", part);
	else if (rc == LB_E(FORMAT))
		damaged(s, "is damaged: its part %s has a checksum that cannot be read", part);
	else if (rc != LB_E(STATE))
		damaged(s, "has a header that makes no sense");
}

/* A cut within the metadata leaves an image that is whole but for them: its board, its version and
 * the checksum over all of it are gone. */
static void check_behind(struct lb_scan *s, const struct lb_scan_layer *l, uint64_t size_bytes)
{
	if (l->strange_at < size_bytes)
		damaged(s,
			"has something behind its end that is neither padding nor whole metadata: was it "
			"cut short?");
}

static void check_archive(struct lb_scan *s, struct lb_scan_layer *l)
{
	int rc;

	if (!l->walks)
		return;
	rc = lb_tar_end(&l->tar);
	if (rc == LB_E(TRUNC))
		damaged(s, "was cut short: the end of the archive is missing");
	else if (rc < 0)
		damaged(s, "is damaged: the archive cannot be read to its end");
	if (l->control_board[0] && strcmp(l->control_board, l->image.board) != 0)
		damaged(s, "says %s in its folder's name and %s in CONTROL", l->image.board,
			l->control_board);
	if (l->image.kind != LB_IMAGE_TARBALL)
		return;
	if (l->content.init && (l->content.boot || l->content.version))
		l->image.kind = LB_IMAGE_MEDKIT;
	else if (l->content.settings)
		l->image.kind = LB_IMAGE_BACKUP;
}

static void check_packed(struct lb_scan *s)
{
	struct lb_scan_layer *l = &s->inside;
	int rc = lb_unpack_end(&s->unpack);

	lb_unpack_close(&s->unpack);
	if (!l->decided) {
		decide(l);
		layer_take(l, l->head, l->head_len);
	}
	if (rc == LB_E(TRUNC))
		damaged(s, "was cut short: the compressed data end early");
	else if (rc == LB_E(NOSPC))
		damaged(s,
			"takes more than %u MiB of memory to unpack: pack it with xz -6 or zstd -19 at most",
			LB_UNPACK_MEMORY_MAX >> 20);
	else if (rc < 0)
		damaged(s, "is damaged: the compressed data have a wrong checksum");
	else
		s->summed = true;
	check_header(s, l, l->size_bytes);
	check_sum(s, l);
	check_tree(s, l);
	check_archive(s, l);
}

/* The blocks stand in the tail, behind the payload: one pass makes both hashes. */
static void end_hashes(struct lb_scan *s)
{
	const size_t appended = (size_t)s->blocks.appended_bytes;
	struct lb_sha256 payload;

	lb_sha256_feed(&s->sha256_state, s->tail, s->tail_len - appended);
	payload = s->packed ? s->inside_state : s->sha256_state;
	lb_sha256_end(&payload, s->payload_sha256);
	lb_sha256_feed(&s->sha256_state, s->tail + s->tail_len - appended, appended);
	lb_sha256_end(&s->sha256_state, s->sha256);
	MD5Final(s->md5, &s->md5_state);
}

void lb_scan_end(struct lb_scan *s)
{
	if (!s->file.decided)
		file_decide(s);
	check_blocks(s);
	end_hashes(s);
	check_header(s, &s->file, s->file.size_bytes - s->blocks.appended_bytes);
	check_sum(s, &s->file);
	check_tree(s, &s->file);
	check_archive(s, &s->file);
	if (s->packed)
		check_packed(s);
	check_behind(s, &s->file, s->file.size_bytes - s->blocks.appended_bytes);
	if (s->packed)
		check_behind(s, &s->inside, s->inside.size_bytes);
}

enum lb_image_kind lb_scan_inside(const struct lb_scan *s)
{
	return s->packed ? s->inside.image.kind : LB_IMAGE_NONE;
}

uint64_t lb_scan_payload_bytes(const struct lb_scan *s)
{
	return s->packed ? s->inside.size_bytes : s->file.size_bytes - s->blocks.appended_bytes;
}

uint64_t lb_scan_overlay_bytes(const struct lb_scan *s)
{
	const struct lb_scan_layer *layer = s->packed ? &s->inside : &s->file;
	struct lb_rootfs root;

	if (lb_rootfs_parse(&root, layer->head, layer->head_len) < 0)
		return 0;
	return lb_rootfs_overlay_start(&root);
}

#include "plat/target_block.h"

#include <string.h>

#define SECTOR_BYTES 512
#define CLEAR_BYTES  (2ull << 20) /* superblocks of every file system that an overlay may have */

/* Where somebody looks for a file system: start and end. That of btrfs has a checksum over its four
 * KiB, the others count by their first sector. */
static const struct mark {
	uint64_t from, to;
} marks[] = {
	{65536, 65536 + 4096}, /* btrfs */
	{5120, 5632},	       /* F2FS, the second one */
	{1024, 1536},	       /* ext4, EROFS, F2FS */
	{0, 512},	       /* squashfs, MBR (and without it nobody believes a GPT) */
};

#define MARKS (sizeof(marks) / sizeof(marks[0]))

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* As whole sectors, which two of them may share. */
static struct mark mark_on(const struct lb_target_block *b, size_t i)
{
	const uint64_t sector = b->sector_bytes > SECTOR_BYTES ? b->sector_bytes : SECTOR_BYTES;

	return (struct mark){marks[i].from / sector * sector,
			     (marks[i].to + sector - 1) / sector * sector};
}

static int block_flush(void *ctx)
{
	struct lb_target_block *b = ctx;

	return b->dev.flush(b->dev.ctx);
}

static uint64_t whole_sectors(const struct lb_target_block *b, uint64_t n)
{
	return (n + b->sector_bytes - 1) / b->sector_bytes * b->sector_bytes;
}

static int block_zero(void *ctx, uint64_t off_bytes, uint64_t n)
{
	struct lb_target_block *b = ctx;

	if (off_bytes > b->dev.size_bytes || n > b->dev.size_bytes - off_bytes)
		return LB_E(NOSPC);
	return b->zero(b->dev.ctx, off_bytes, whole_sectors(b, n));
}

/* Each is durable before the next goes: a cut leaves the old image as it was, or one without the
 * mark that its kind is told by. */
static int block_begin(void *ctx, uint64_t image_bytes)
{
	struct lb_target_block *b = ctx;
	int rc = 0;

	if (image_bytes != LB_TARGET_LENGTH_UNKNOWN && image_bytes > b->dev.size_bytes)
		return LB_E(NOSPC);
	for (size_t i = MARKS; rc == 0 && i-- > 0;) {
		const struct mark m = mark_on(b, i);

		if (m.from >= b->dev.size_bytes)
			continue;
		rc = b->zero(b->dev.ctx, m.from, least(m.to, b->dev.size_bytes) - m.from);
		if (rc == 0)
			rc = block_flush(b);
	}
	return rc;
}

/* The last sector of an image is filled up with zeroes. */
static int block_write(void *ctx, uint64_t off_bytes, const void *buf, size_t n)
{
	struct lb_target_block *b = ctx;
	const size_t rest = n % b->sector_bytes;
	int rc;

	if (off_bytes > b->dev.size_bytes || n > b->dev.size_bytes - off_bytes)
		return LB_E(NOSPC);
	rc = n > rest ? b->dev.write(b->dev.ctx, off_bytes, buf, n - rest) : 0;
	if (rc < 0 || rest == 0)
		return rc;
	memset(b->pad, 0, b->sector_bytes);
	memcpy(b->pad, (const uint8_t *)buf + n - rest, rest);
	return b->dev.write(b->dev.ctx, off_bytes + n - rest, b->pad, b->sector_bytes);
}

static int block_read(void *ctx, uint64_t off_bytes, void *buf, size_t n)
{
	struct lb_target_block *b = ctx;

	return b->dev.read(b->dev.ctx, off_bytes, buf, n);
}

static int write_range(struct lb_target_block *b, const uint8_t *head, uint64_t from, uint64_t to)
{
	return from < to ? block_write(b, from, head + from, (size_t)(to - from)) : 0;
}

/* All of the head but its marks. */
static int write_between(struct lb_target_block *b, const uint8_t *head, size_t n)
{
	uint64_t at = 0;
	int rc = 0;

	for (size_t i = MARKS; rc == 0 && i-- > 0;) {
		const struct mark m = mark_on(b, i);

		if (m.to <= at)
			continue;
		rc = write_range(b, head, at, least(m.from, n));
		at = m.to;
	}
	return rc < 0 ? rc : write_range(b, head, at, n);
}

static int block_commit(void *ctx, const void *head, size_t n)
{
	struct lb_target_block *b = ctx;
	int rc = write_between(b, head, n);

	if (rc == 0)
		rc = block_flush(b);
	for (size_t i = 0; rc == 0 && i < MARKS; i++) {
		const struct mark m = mark_on(b, i);

		if (m.from >= n || (i + 1 < MARKS && mark_on(b, i + 1).from == m.from))
			continue;
		rc = write_range(b, head, m.from, least(m.to, n));
		if (rc == 0)
			rc = block_flush(b);
	}
	return rc;
}

/* An overlay starts within the next 64 KiB, and is told by its superblock: what lies far behind
 * that is harmless, and clearing gigabytes takes minutes where the device must write them. */
static int block_clear(void *ctx, uint64_t off_bytes)
{
	struct lb_target_block *b = ctx;
	const uint64_t size_bytes = b->dev.size_bytes;

	return off_bytes < size_bytes
		       ? block_zero(b, off_bytes, least(CLEAR_BYTES, size_bytes - off_bytes))
		       : 0;
}

struct plat_target lb_target_block_plat(struct lb_target_block *b)
{
	return (struct plat_target){
		.ctx = b,
		.size_bytes = b->dev.size_bytes,
		.head_bytes = LB_TARGET_BLOCK_HEAD_BYTES,
		.block_bytes = 4096,
		.begin = block_begin,
		.write = block_write,
		.zero = block_zero,
		.flush = block_flush,
		.read = block_read,
		.commit = block_commit,
		.clear = block_clear,
	};
}

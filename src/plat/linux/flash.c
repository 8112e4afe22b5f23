#include "plat/linux/flash.h"

#include <errno.h>
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <mtd/ubi-user.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "plat/linux/blockdev.h"
#include "plat/linux/files.h"

#define LOOK_BYTES 4096 /* of each erase block: what was written starts at its begin */

static const uint8_t marker[] = {0xDE, 0xAD, 0xC0, 0xDE};

static int read_number(const char *class_dir, const char *entry, const char *file, uint64_t *out)
{
	char path[LB_PATH_MAX], text[32], *end;
	int rc;

	(void)snprintf(path, sizeof(path), "/sys/class/%s/%s/%s", class_dir, entry, file);
	rc = lb_file_read(path, text, sizeof(text));
	if (rc < 0)
		return rc;
	*out = strtoull(text, &end, 10);
	return end == text || *end ? LB_E(FORMAT) : 0;
}

static int find_ubi(struct lb_flash *f, const char *name)
{
	char numbers[LB_NAME_MAX], entry[LB_PATH_MAX], block[LB_PATH_MAX];
	int rc = lb_blockdev_flash(LB_BLOCKDEV_UBI, name, numbers, &lb_blockdev_roots);

	if (rc < 0)
		return rc;
	(void)snprintf(entry, sizeof(entry), "ubi%s", numbers);
	(void)snprintf(block, sizeof(block), "/sys/class/block/ubiblock%s", numbers);
	if (access(block, F_OK) == 0)
		return LB_E(NOENT); /* something read-only is kept there */
	f->kind = LB_VOLUME_UBI;
	(void)snprintf(f->node, sizeof(f->node), "/dev/ubi%s", numbers);
	(void)snprintf(f->source, sizeof(f->source), "/dev/ubi%s", numbers);
	return read_number("ubi", entry, "data_bytes", &f->size_bytes);
}

static int find_mtd(struct lb_flash *f, const char *name)
{
	char numbers[LB_NAME_MAX], entry[LB_PATH_MAX];
	int rc = lb_blockdev_flash(LB_BLOCKDEV_MTD, name, numbers, &lb_blockdev_roots);

	if (rc < 0)
		return rc;
	(void)snprintf(entry, sizeof(entry), "mtd%s", numbers);
	f->kind = LB_VOLUME_MTD;
	(void)snprintf(f->node, sizeof(f->node), "/dev/mtd%s", numbers);
	(void)snprintf(f->source, sizeof(f->source), "/dev/mtdblock%s", numbers);
	return read_number("mtd", entry, "size", &f->size_bytes);
}

int lb_flash_find(enum lb_volume kind, const char *name, struct lb_flash *out)
{
	struct lb_flash f = {0};
	int rc = kind == LB_VOLUME_UBI ? find_ubi(&f, name) : find_mtd(&f, name);

	if (rc == 0)
		*out = f;
	return rc;
}

static bool is_erased(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0xFF)
			return false;
	return true;
}

/* JFFS2's magic in the byte order of either sort of CPU. */
static bool is_jffs2(const uint8_t *p)
{
	return (p[0] == 0x85 && p[1] == 0x19) || (p[0] == 0x19 && p[1] == 0x85);
}

static bool is_ubifs(const uint8_t *p)
{
	static const uint8_t magic[] = {0x31, 0x18, 0x10, 0x06};

	return memcmp(p, magic, sizeof(magic)) == 0;
}

/* --- MTD: erase blocks, some of them bad */

struct chip {
	int fd;
	mtd_info_t info;
	uint32_t blocks;
};

static void chip_closep(struct chip *c)
{
	lb_fd_closep(&c->fd);
}

static int chip_open(struct chip *c, const struct lb_flash *f, int flags)
{
	c->fd = open(f->node, flags | O_CLOEXEC);
	if (c->fd < 0 || ioctl(c->fd, MEMGETINFO, &c->info) < 0)
		return lb_err_from_errno(errno);
	if (c->info.erasesize < LOOK_BYTES || c->info.writesize == 0 ||
	    c->info.writesize > c->info.erasesize)
		return LB_E(UNSUP);
	c->blocks = c->info.size / c->info.erasesize;
	return c->blocks > 0 ? 0 : LB_E(NOSPC);
}

static loff_t block_at(const struct chip *c, uint32_t block)
{
	return (loff_t)block * c->info.erasesize;
}

/* NOR has no bad blocks, and answers that it does not know the question. */
static bool is_bad(const struct chip *c, uint32_t block)
{
	loff_t at = block_at(c, block);

	return ioctl(c->fd, MEMGETBADBLOCK, &at) > 0;
}

static int first_good(const struct chip *c, uint32_t *out)
{
	for (uint32_t b = 0; b < c->blocks; b++)
		if (!is_bad(c, b)) {
			*out = b;
			return 0;
		}
	return LB_E(IO);
}

static int erase_block(const struct chip *c, uint32_t block)
{
	erase_info_t range = {.start = (uint32_t)block_at(c, block), .length = c->info.erasesize};

	(void)ioctl(c->fd, MEMUNLOCK, &range); /* chips that start locked; others refuse */
	return ioctl(c->fd, MEMERASE, &range) < 0 ? lb_err_from_errno(errno) : 0;
}

static int mtd_content(const struct lb_flash *f, enum lb_overlay_content *out)
{
	CLEANUP(chip_closep) struct chip c = {.fd = -1};
	bool first = true, blank_first = false, blank = true, jffs2 = false;
	int rc = chip_open(&c, f, O_RDONLY);

	for (uint32_t b = 0; rc == 0 && b < c.blocks; b++) {
		uint8_t look[LOOK_BYTES];

		if (is_bad(&c, b))
			continue;
		rc = lb_fd_pread(c.fd, look, sizeof(look), block_at(&c, b));
		if (rc < 0)
			return rc;
		if (first && memcmp(look, marker, sizeof(marker)) == 0) {
			*out = LB_CONTENT_DEADCODE;
			return 0;
		}
		blank = blank && is_erased(look, sizeof(look));
		if (first)
			blank_first = blank;
		jffs2 = jffs2 || ((first || blank_first) && is_jffs2(look));
		first = false;
	}
	if (rc == 0)
		*out = first   ? LB_CONTENT_UNKNOWN
		       : blank ? LB_CONTENT_BLANK
		       : jffs2 ? LB_CONTENT_JFFS2
			       : LB_CONTENT_UNKNOWN;
	return rc;
}

static int mtd_erase(const struct lb_flash *f)
{
	CLEANUP(chip_closep) struct chip c = {.fd = -1};
	enum lb_overlay_content content;
	int rc = chip_open(&c, f, O_RDWR);

	if (rc < 0)
		return rc;
	for (uint32_t b = c.blocks; b-- > 0;) {
		if (is_bad(&c, b))
			continue;
		rc = erase_block(&c, b);
		if (rc < 0) {
			log_warn("erase block %u of %s cannot be erased: it %s", b, f->node,
				 lb_strerror(rc));
			return rc;
		}
	}
	rc = mtd_content(f, &content);
	return rc == 0 && content != LB_CONTENT_BLANK ? LB_E(IO) : rc;
}

static int mtd_mark(const struct lb_flash *f)
{
	CLEANUP(chip_closep) struct chip c = {.fd = -1};
	CLEANUP(lb_freep) uint8_t *page = NULL;
	uint8_t back[sizeof(marker)];
	uint32_t block = 0, n;
	int rc = chip_open(&c, f, O_RDWR);

	if (rc == 0)
		rc = first_good(&c, &block);
	if (rc < 0)
		return rc;
	/* NAND takes whole pages only. */
	n = c.info.writesize > sizeof(marker) ? c.info.writesize : (uint32_t)sizeof(marker);
	page = malloc(n);
	if (!page)
		return LB_E(NOSPC);
	memset(page, 0xFF, n);
	memcpy(page, marker, sizeof(marker));
	rc = erase_block(&c, block);
	if (rc == 0 && pwrite(c.fd, page, n, block_at(&c, block)) != (ssize_t)n)
		rc = LB_E(IO);
	if (rc == 0)
		rc = lb_fd_pread(c.fd, back, sizeof(back), block_at(&c, block));
	return rc == 0 && memcmp(back, marker, sizeof(marker)) != 0 ? LB_E(IO) : rc;
}

/* --- UBI: logical erase blocks, mapped or empty */

static int ubi_is_empty(const struct lb_flash *f, int fd)
{
	const char *entry = strrchr(f->node, '/') + 1;
	uint64_t blocks;
	int rc = read_number("ubi", entry, "reserved_ebs", &blocks);

	for (int32_t b = 0; rc == 0 && (uint64_t)b < blocks; b++) {
		int mapped = ioctl(fd, UBI_IOCEBISMAP, &b);

		if (mapped < 0)
			rc = lb_err_from_errno(errno);
		else if (mapped > 0)
			return 0;
	}
	return rc < 0 ? rc : 1;
}

static int ubi_content(const struct lb_flash *f, enum lb_overlay_content *out)
{
	CLEANUP(lb_fd_closep) int fd = open(f->node, O_RDONLY | O_CLOEXEC);
	uint64_t cut = 0;
	uint8_t look[LOOK_BYTES];
	int rc;

	if (fd < 0)
		return lb_err_from_errno(errno);
	rc = read_number("ubi", strrchr(f->node, '/') + 1, "upd_marker", &cut);
	if (rc < 0)
		return rc;
	if (cut) {
		*out = LB_CONTENT_DEADCODE;
		return 0;
	}
	rc = ubi_is_empty(f, fd);
	if (rc == 1) {
		*out = LB_CONTENT_BLANK;
		return 0;
	}
	if (rc == 0)
		rc = lb_fd_pread(fd, look, sizeof(look), 0);
	if (rc == 0)
		*out = memcmp(look, marker, sizeof(marker)) == 0 ? LB_CONTENT_DEADCODE
		       : is_ubifs(look)				 ? LB_CONTENT_UBIFS
								 : LB_CONTENT_UNKNOWN;
	return rc;
}

/* UBI sets its own marker first, so that a power cut leaves the volume as one to be emptied. */
static int ubi_empty(const struct lb_flash *f)
{
	CLEANUP(lb_fd_closep) int fd = open(f->node, O_RDWR | O_CLOEXEC);
	enum lb_overlay_content content;
	int64_t bytes = 0;
	int rc;

	if (fd < 0 || ioctl(fd, UBI_IOCVOLUP, &bytes) < 0)
		return lb_err_from_errno(errno);
	rc = ubi_content(f, &content);
	return rc == 0 && content != LB_CONTENT_BLANK ? LB_E(IO) : rc;
}

int lb_flash_content(const struct lb_flash *f, enum lb_overlay_content *out)
{
	return f->kind == LB_VOLUME_UBI ? ubi_content(f, out) : mtd_content(f, out);
}

int lb_flash_erase(const struct lb_flash *f)
{
	return f->kind == LB_VOLUME_UBI ? ubi_empty(f) : mtd_erase(f);
}

int lb_flash_mark(const struct lb_flash *f)
{
	return f->kind == LB_VOLUME_UBI ? ubi_empty(f) : mtd_mark(f);
}

#include "plat/linux/disk/flash.h"

#include <errno.h>
#include <fcntl.h>
#include <mtd/mtd-user.h>
#include <mtd/ubi-user.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/flash_volume.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/disk/guard.h"
#include "plat/linux/files/files.h"

#define BUSY_TRIES   100 /* another Lifeboat process has the volume for some 10 ms */
#define BUSY_WAIT_NS (10 * 1000 * 1000)

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

static const char *entry_of(const char *node)
{
	const char *slash = strrchr(node, '/');

	return slash ? slash + 1 : node;
}

void lb_flash_closep(struct lb_flash_fd *f)
{
	lb_fd_closep(&f->fd);
	f->fd = -1;
}

/* --- MTD */

static uint64_t mtd_at(const struct lb_flash_fd *f, uint32_t block, uint32_t off_bytes)
{
	return (uint64_t)block * f->block_bytes + off_bytes;
}

/* NOR has no bad blocks, and answers that it does not know the question. */
static int mtd_is_bad(void *ctx, uint32_t block)
{
	const struct lb_flash_fd *f = ctx;
	loff_t at = (loff_t)mtd_at(f, block, 0);
	int bad = ioctl(f->fd, MEMGETBADBLOCK, &at);

	if (bad < 0)
		return errno == EOPNOTSUPP ? 0 : lb_err_from_errno(errno);
	return bad > 0;
}

static int mtd_erase(void *ctx, uint32_t block)
{
	const struct lb_flash_fd *f = ctx;
	struct erase_info_user64 range = {.start = mtd_at(f, block, 0), .length = f->block_bytes};
	erase_info_t narrow = {.start = (uint32_t)range.start, .length = f->block_bytes};

	if (range.start <= UINT32_MAX) /* chips that start locked; others refuse */
		(void)ioctl(f->fd, MEMUNLOCK, &narrow);
	return ioctl(f->fd, MEMERASE64, &range) < 0 ? lb_err_from_errno(errno) : 0;
}

static int mtd_mark_bad(void *ctx, uint32_t block)
{
	const struct lb_flash_fd *f = ctx;
	loff_t at = (loff_t)mtd_at(f, block, 0);

	if (ioctl(f->fd, MEMSETBADBLOCK, &at) == 0)
		return 0;
	return errno == EOPNOTSUPP ? LB_E(UNSUP) : lb_err_from_errno(errno);
}

static int mtd_read(void *ctx, uint32_t block, uint32_t off_bytes, void *buf, size_t n)
{
	const struct lb_flash_fd *f = ctx;

	return lb_fd_pread(f->fd, buf, n, (off_t)mtd_at(f, block, off_bytes));
}

static int mtd_program(void *ctx, uint32_t block, uint32_t off_bytes, const void *buf, size_t n)
{
	const struct lb_flash_fd *f = ctx;

	return pwrite(f->fd, buf, n, (off_t)mtd_at(f, block, off_bytes)) == (ssize_t)n ? 0
										       : LB_E(IO);
}

int lb_flash_open_mtd(struct lb_flash_fd *f, struct plat_mtd *out, const char *node, int flags)
{
	CLEANUP(lb_fd_closep) int fd = open(node, flags | O_CLOEXEC);
	mtd_info_t info;
	uint64_t size_bytes;
	int rc;

	if (fd < 0 || ioctl(fd, MEMGETINFO, &info) < 0)
		return lb_err_from_errno(errno);
	rc = read_number("mtd", entry_of(node), "size", &size_bytes); /* info has 32 bits for it */
	if (rc < 0)
		return rc;
	if (info.erasesize == 0 || size_bytes / info.erasesize > UINT32_MAX)
		return LB_E(UNSUP);
	*f = (struct lb_flash_fd){.fd = lb_fd_take(&fd), .block_bytes = info.erasesize};
	*out = (struct plat_mtd){
		.ctx = f,
		.block_count = (uint32_t)(size_bytes / info.erasesize),
		.block_bytes = info.erasesize,
		.page_bytes = info.writesize,
		.is_bad = mtd_is_bad,
		.erase = mtd_erase,
		.mark_bad = mtd_mark_bad,
		.read = mtd_read,
		.program = mtd_program,
	};
	return 0;
}

/* --- UBI */

/* The kernel lets one process write, and for some calls nobody else read. */
static int while_busy(int (*attempt)(void *ctx), void *ctx)
{
	const struct timespec wait = {.tv_nsec = BUSY_WAIT_NS};
	int rc = attempt(ctx);

	for (int i = 1; rc == LB_E(BUSY) && i < BUSY_TRIES; i++) {
		(void)nanosleep(&wait, NULL);
		rc = attempt(ctx);
	}
	return rc;
}

static int ubi_is_mapped(void *ctx, uint32_t block)
{
	const struct lb_flash_fd *f = ctx;
	int32_t number = (int32_t)block;
	int mapped = ioctl(f->fd, UBI_IOCEBISMAP, &number);

	return mapped < 0 ? lb_err_from_errno(errno) : mapped > 0;
}

static int ubi_is_updating(void *ctx)
{
	const struct lb_flash_fd *f = ctx;
	uint64_t marker;
	int rc = read_number("ubi", f->entry, "upd_marker", &marker);

	return rc < 0 ? rc : marker != 0;
}

static int ubi_try_empty(void *ctx)
{
	const struct lb_flash_fd *f = ctx;
	int64_t bytes = 0;

	return ioctl(f->fd, UBI_IOCVOLUP, &bytes) < 0 ? lb_err_from_errno(errno) : 0;
}

static int ubi_empty(void *ctx)
{
	return while_busy(ubi_try_empty, ctx);
}

static int ubi_read(void *ctx, uint32_t block, uint32_t off_bytes, void *buf, size_t n)
{
	const struct lb_flash_fd *f = ctx;

	return lb_fd_pread(f->fd, buf, n, (off_t)mtd_at(f, block, off_bytes));
}

struct change {
	int fd;
	struct ubi_leb_change_req request;
};

static int ubi_try_change(void *ctx)
{
	struct change *c = ctx;

	return ioctl(c->fd, UBI_IOCEBCH, &c->request) < 0 ? lb_err_from_errno(errno) : 0;
}

/* The kernel collects all of it before it writes to another physical block. */
static int ubi_change(void *ctx, uint32_t block, const void *buf, size_t n)
{
	const struct lb_flash_fd *f = ctx;
	struct change c = {.fd = f->fd, .request = {.lnum = (int32_t)block, .bytes = (int32_t)n}};
	const uint8_t *from = buf;
	int rc = while_busy(ubi_try_change, &c);

	while (rc == 0 && n > 0) {
		ssize_t put = write(f->fd, from, n);

		if (put <= 0)
			return LB_E(IO);
		from += put;
		n -= (size_t)put;
	}
	return rc;
}

struct open_call {
	const char *node;
	int flags, fd;
};

static int try_open(void *ctx)
{
	struct open_call *o = ctx;

	o->fd = open(o->node, o->flags | O_CLOEXEC);
	return o->fd < 0 ? lb_err_from_errno(errno) : 0;
}

int lb_flash_open_ubi(struct lb_flash_fd *f, struct plat_ubi *out, const char *node, int flags)
{
	struct open_call call = {.node = node, .flags = flags, .fd = -1};
	const char *entry = entry_of(node);
	uint64_t count = 0, bytes = 0;
	int rc = while_busy(try_open, &call);
	CLEANUP(lb_fd_closep) int fd = call.fd;

	if (rc == 0)
		rc = read_number("ubi", entry, "reserved_ebs", &count);
	if (rc == 0)
		rc = read_number("ubi", entry, "usable_eb_size", &bytes);
	if (rc < 0)
		return rc;
	if (count > INT32_MAX || bytes == 0 || bytes > INT32_MAX || strlen(entry) >= LB_NAME_MAX)
		return LB_E(UNSUP);
	*f = (struct lb_flash_fd){.fd = lb_fd_take(&fd), .block_bytes = (uint32_t)bytes};
	(void)strcpy(f->entry, entry);
	*out = (struct plat_ubi){
		.ctx = f,
		.block_count = (uint32_t)count,
		.block_bytes = (uint32_t)bytes,
		.is_mapped = ubi_is_mapped,
		.is_updating = ubi_is_updating,
		.empty = ubi_empty,
		.read = ubi_read,
		.change = ubi_change,
	};
	return 0;
}

/* --- the overlay's place */

static int change_mtd(const struct lb_flash *v, int (*deed)(const struct plat_mtd *m))
{
	CLEANUP(lb_flash_closep) struct lb_flash_fd f = LB_FLASH_CLOSED;
	struct plat_mtd m;
	int rc = lb_guard_check(v->node, 0, v->size_bytes, &lb_blockdev_roots);

	if (rc == 0)
		rc = lb_flash_open_mtd(&f, &m, v->node, O_RDWR);
	return rc < 0 ? rc : deed(&m);
}

static int empty_ubi(const struct lb_flash *v)
{
	CLEANUP(lb_flash_closep) struct lb_flash_fd f = LB_FLASH_CLOSED;
	struct plat_ubi u;
	int rc = lb_guard_check(v->node, 0, v->size_bytes, &lb_blockdev_roots);

	if (rc == 0)
		rc = lb_flash_open_ubi(&f, &u, v->node, O_RDWR);
	return rc < 0 ? rc : lb_ubi_empty(&u);
}

int lb_flash_content(const struct lb_flash *v, enum lb_overlay_content *out)
{
	CLEANUP(lb_flash_closep) struct lb_flash_fd f = LB_FLASH_CLOSED;
	struct plat_mtd m;
	struct plat_ubi u;
	int rc;

	if (v->kind == LB_VOLUME_UBI) {
		rc = lb_flash_open_ubi(&f, &u, v->node, O_RDONLY);
		return rc < 0 ? rc : lb_ubi_content(&u, out);
	}
	rc = lb_flash_open_mtd(&f, &m, v->node, O_RDONLY);
	return rc < 0 ? rc : lb_mtd_content(&m, out);
}

int lb_flash_erase(const struct lb_flash *v)
{
	return v->kind == LB_VOLUME_UBI ? empty_ubi(v) : change_mtd(v, lb_mtd_erase);
}

int lb_flash_mark(const struct lb_flash *v)
{
	return v->kind == LB_VOLUME_UBI ? empty_ubi(v) : change_mtd(v, lb_mtd_mark);
}

#include "plat/linux/disk/guard.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/disk/mtd_map.h"
#include "plat/linux/files/files.h"

static const char *const built_in[] = {
#define PROTECTED(name, holds) name,
#include "tables/protected.def"
#undef PROTECTED
};

static struct {
	char names[LB_PROTECTED_MAX][LB_NAME_MAX];
	size_t count;
} board;

void lb_guard_set(const char names[][LB_NAME_MAX], size_t count)
{
	board.count = count < LB_PROTECTED_MAX ? count : LB_PROTECTED_MAX;
	if (board.count > 0)
		memcpy(board.names, names, board.count * sizeof(board.names[0]));
}

static bool is_protected(const char *name)
{
	for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
		if (strcasecmp(name, built_in[i]) == 0)
			return true;
	for (size_t i = 0; i < board.count; i++)
		if (strcasecmp(name, board.names[i]) == 0)
			return true;
	return false;
}

/* Flash that has no partition table: its parts by name, whichever node leads to them. */
static const struct {
	const char *node; /* with numbers behind it */
	const char *class_prefix;
} flash[] = {
	{"mtdblock", "mtd/mtd"},
	{"mtd", "mtd/mtd"},
	{"ubiblock", "ubi/ubi"},
	{"ubi", "ubi/ubi"},
};

/* The folder with the file `name` in it, below /sys/class; "" when the node is none of flash. */
static void flash_folder(const char *node, char out[LB_NAME_MAX])
{
	out[0] = '\0';
	for (size_t i = 0; i < sizeof(flash) / sizeof(flash[0]); i++) {
		size_t n = strlen(flash[i].node);

		if (strncmp(node, flash[i].node, n) != 0 || !isdigit((unsigned char)node[n]))
			continue;
		if (snprintf(out, LB_NAME_MAX, "%s%s", flash[i].class_prefix, node + n) >=
		    LB_NAME_MAX)
			out[0] = '\0';
		return;
	}
}

/* A flash partition may hold others under names of their own, or lie in one. */
static int check_shared(void *ctx, const struct lb_mtd_part *p)
{
	if (!is_protected(p->label))
		return 0;
	log_debug("mtd%s is called %s, which is protected", p->numbers, p->label);
	return LB_E(PROTECTED);
}

static int check_flash(const char *folder, const struct lb_blockdev_roots *roots)
{
	static const char mtd[] = "mtd/mtd";
	char path[LB_PATH_MAX], name[LB_PART_LABEL_MAX];
	int rc;

	if (snprintf(path, sizeof(path), "%s/class/%s/name", roots->sys, folder) >=
	    (int)sizeof(path))
		return LB_E(RANGE);
	rc = lb_file_read(path, name, sizeof(name));
	if (rc < 0)
		return rc;
	if (is_protected(name)) {
		log_debug("%s is called %s, which is protected", folder, name);
		return LB_E(PROTECTED);
	}
	return strncmp(folder, mtd, strlen(mtd)) == 0
		       ? lb_mtd_overlaps(folder + strlen(mtd), check_shared, NULL, roots)
		       : 0;
}

struct range {
	uint64_t start_bytes, end_bytes; /* on the disk */
};

static int check_partition(void *ctx, const struct lb_partition *p)
{
	const struct range *r = ctx;

	if (p->start_bytes >= r->end_bytes || r->start_bytes >= p->start_bytes + p->size_bytes ||
	    !is_protected(p->label))
		return 0;
	log_debug("%s is called %s, which is protected", p->node, p->label);
	return LB_E(PROTECTED);
}

int lb_guard_check(const char *node, uint64_t off_bytes, uint64_t size_bytes,
		   const struct lb_blockdev_roots *roots)
{
	const char *slash = strrchr(node, '/');
	char folder[LB_NAME_MAX];
	struct lb_disk disk;
	struct range r;
	int rc;

	flash_folder(slash ? slash + 1 : node, folder);
	if (folder[0])
		return check_flash(folder, roots);
	rc = lb_disk_of(node, &disk, roots);
	if (rc < 0)
		return rc;
	if (off_bytes > disk.size_bytes || size_bytes > disk.size_bytes - off_bytes)
		return LB_E(RANGE);
	r.start_bytes = disk.start_bytes + off_bytes;
	r.end_bytes = r.start_bytes + size_bytes;
	return lb_disk_partitions(&disk, check_partition, &r, roots);
}

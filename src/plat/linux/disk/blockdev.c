#include "plat/linux/disk/blockdev.h"

#include <blkid/blkid.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "plat/linux/files/files.h"
#include "plat/linux/machine/uevent.h"

const struct lb_blockdev_roots lb_blockdev_roots = {.sys = "/sys", .dev = "/dev"};

static struct {
	char disk[LB_NAME_MAX]; /* the kernel's name; "" = nothing is known */
	struct lb_ptable_layout layout;
} card;

void lb_blockdev_set_card(const char *disk, const struct lb_ptable_layout *layout)
{
	const char *slash = strrchr(disk, '/');

	card.layout = *layout;
	if (snprintf(card.disk, sizeof(card.disk), "%s", slash ? slash + 1 : disk) >=
	    (int)sizeof(card.disk))
		card.disk[0] = '\0';
}

struct wanted {
	const char *key; /* a key of the uevent file */
	const char *value;
	const char *not_node; /* one that is known already; NULL = none is */
	bool is_cards;	      /* one of the partitions that the card has */
	bool card_is_here;
};

struct candidate {
	char name[LB_NAME_MAX]; /* in /sys/class/block; "" = none yet */
	char path[LB_PATH_MAX];
	bool on_card, on_usb;
};

static bool path_join(char out[LB_PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(out, LB_PATH_MAX, "%s/%s", dir, name);

	return n > 0 && n < LB_PATH_MAX;
}

static void probe_freep(blkid_probe *probe)
{
	blkid_free_probe(*probe);
}

/* Kernels before 6.13 keep the UUID to themselves: read the partition table. */
static bool table_says(const char *path, const char *uuid)
{
	CLEANUP(probe_freep) blkid_probe probe = blkid_new_probe_from_filename(path);
	const char *found;

	if (!probe)
		return false;
	(void)blkid_probe_enable_superblocks(probe, 0);
	(void)blkid_probe_enable_partitions(probe, 1);
	(void)blkid_probe_set_partitions_flags(probe, BLKID_PARTS_ENTRY_DETAILS);
	return blkid_do_safeprobe(probe) == 0 &&
	       blkid_probe_lookup_value(probe, "PART_ENTRY_UUID", &found, NULL) == 0 &&
	       strcasecmp(found, uuid) == 0;
}

static bool fits(const struct wanted *w, const char *uevent, const char *path)
{
	char value[LB_PATH_MAX];
	const bool is_uuid = strcmp(w->key, "PARTUUID") == 0;

	if (lb_uevent_get(uevent, w->key, value, sizeof(value)))
		return is_uuid ? strcasecmp(value, w->value) == 0 : strcmp(value, w->value) == 0;
	return is_uuid && lb_uevent_get(uevent, "PARTN", value, sizeof(value)) &&
	       table_says(path, w->value);
}

/* "../../devices/BUSES/block/mmcblk0/mmcblk0p2" */
static bool is_below(const char *target, const char *disk)
{
	const char *last = strrchr(target, '/');
	const size_t n = strlen(disk);

	return n > 0 && last && (size_t)(last - target) > n && last[-(ptrdiff_t)n - 1] == '/' &&
	       strncmp(last - n, disk, n) == 0;
}

/* An entry of /sys/class/block is a link to the device's place on its buses. */
static void see_place(struct candidate *c, const char *class_path)
{
	char target[512];
	ssize_t n = readlink(class_path, target, sizeof(target) - 1);

	target[n < 0 ? 0 : n] = '\0';
	c->on_usb = strstr(target, "/usb") != NULL;
	c->on_card = is_below(target, card.disk);
}

/* A stick may be a copy of the card. */
static bool may_be(const struct candidate *c, const struct wanted *w)
{
	if (w->not_node && strcmp(c->path, w->not_node) == 0)
		return false;
	if (!w->is_cards || c->on_card)
		return true;
	return !w->card_is_here && !c->on_usb;
}

static bool is_as_good(const struct candidate *a, const struct candidate *b)
{
	return a->on_card == b->on_card && a->on_usb == b->on_usb;
}

static bool is_better(const struct candidate *a, const struct candidate *than)
{
	if (!than->name[0])
		return true;
	if (a->on_card != than->on_card)
		return a->on_card;
	if (a->on_usb != than->on_usb)
		return than->on_usb;
	return strcmp(a->name, than->name) < 0;
}

static void consider(struct candidate *best, const char *name, const char *class_dir,
		     const struct wanted *w, const char *dev_root)
{
	struct candidate c;
	char class_path[LB_PATH_MAX], file[LB_PATH_MAX], devname[LB_NAME_MAX];
	char uevent[LB_UEVENT_BYTES];

	if (strlen(name) >= sizeof(c.name) || !path_join(class_path, class_dir, name) ||
	    !path_join(file, class_path, "uevent") ||
	    lb_file_read(file, uevent, sizeof(uevent)) < 0 ||
	    !lb_uevent_get(uevent, "DEVNAME", devname, sizeof(devname)) ||
	    !path_join(c.path, dev_root, devname) || !fits(w, uevent, c.path))
		return;
	(void)strcpy(c.name, name);
	see_place(&c, class_path);
	if (may_be(&c, w) && is_better(&c, best))
		*best = c;
}

/* How the kernel shows and names parts of flash that have no partition table. */
struct flash_kind {
	const char *class_dir;
	const char *prefix; /* of what stands there, with numbers behind it: mtd5, ubi0_2 */
	const char *block;  /* node of the block device with the same numbers */
	bool two_numbers;   /* device and volume: ubi0 itself holds volumes, it is none */
};

static const struct flash_kind mtd_kind = {"class/mtd", "mtd", "mtdblock", false};
static const struct flash_kind ubi_kind = {"class/ubi", "ubi", "ubiblock", true};

/* "5" of "mtd5", "0_2" of "ubi0_2"; NULL for others, such as the read-only twin "mtd5ro". */
static const char *numbers_of(const char *entry, const struct flash_kind *kind)
{
	const size_t n = strlen(kind->prefix);

	if (strncmp(entry, kind->prefix, n) != 0 || !entry[n])
		return NULL;
	if (entry[n + strspn(entry + n, "0123456789_")])
		return NULL;
	return (strchr(entry + n, '_') != NULL) == kind->two_numbers ? entry + n : NULL;
}

static bool read_entry(const char *class_dir, const char *entry, const char *what, char *out,
		       size_t size)
{
	char dir[LB_PATH_MAX], file[LB_PATH_MAX];

	return path_join(dir, class_dir, entry) && path_join(file, dir, what) &&
	       lb_file_read(file, out, size) >= 0;
}

static bool is_called(const char *class_dir, const char *entry, const char *wanted)
{
	char name[LB_PATH_MAX];

	return read_entry(class_dir, entry, "name", name, sizeof(name)) &&
	       strcmp(name, wanted) == 0;
}

/* 2 comes before 10. */
static bool is_lower(const char *numbers, const char *than)
{
	const size_t a = strlen(numbers), b = strlen(than);

	return a != b ? a < b : strcmp(numbers, than) < 0;
}

/* The lowest numbers with that name, and how many have it; or LB_E(...). */
static int scan_flash(const struct flash_kind *kind, const char *wanted, char best[LB_NAME_MAX],
		      const struct lb_blockdev_roots *roots)
{
	char class_dir[LB_PATH_MAX];
	int count = 0;

	best[0] = '\0';

	if (!path_join(class_dir, roots->sys, kind->class_dir))
		return LB_E(RANGE);
	CLEANUP(lb_dir_closep) DIR *dir = opendir(class_dir);
	if (!dir)
		return lb_err_from_errno(errno) == LB_E(NOENT) ? LB_E(NOENT) : LB_E(IO);
	for (const struct dirent *e; (e = readdir(dir));) {
		const char *numbers = numbers_of(e->d_name, kind);

		if (!numbers || strlen(numbers) >= LB_NAME_MAX ||
		    !is_called(class_dir, e->d_name, wanted))
			continue;
		if (count++ == 0 || is_lower(numbers, best))
			(void)strcpy(best, numbers);
	}
	return count;
}

int lb_blockdev_flash(enum lb_blockdev_flash kind, const char *name, char out[LB_NAME_MAX],
		      const struct lb_blockdev_roots *roots)
{
	char numbers[LB_NAME_MAX];
	int count =
		scan_flash(kind == LB_BLOCKDEV_UBI ? &ubi_kind : &mtd_kind, name, numbers, roots);

	if (count != 1)
		return count < 0 ? count : count == 0 ? LB_E(NOENT) : LB_E(EXIST);
	(void)strcpy(out, numbers);
	return 0;
}

static int find_flash(const struct flash_kind *kind, const char *wanted, const char *node,
		      char out[LB_PATH_MAX], const struct lb_blockdev_roots *roots)
{
	char path[LB_PATH_MAX], best[LB_NAME_MAX];
	int count = scan_flash(kind, wanted, best, roots);

	if (count <= 0)
		return count < 0 ? count : LB_E(NOENT);
	if (snprintf(path, sizeof(path), "%s/%s%s", roots->dev, node, best) >= (int)sizeof(path))
		return LB_E(RANGE);
	(void)strcpy(out, path);
	return 0;
}

/* What is known about the card, besides what the spec says. */
static int see_card(struct wanted *w, const char *class_dir)
{
	char path[LB_PATH_MAX];

	if (!card.disk[0])
		return 0;
	if (!path_join(path, class_dir, card.disk))
		return LB_E(RANGE);
	w->is_cards = strcmp(w->key, "PARTNAME") == 0 && card.layout.kind == LB_PTABLE_GPT &&
		      lb_ptable_layout_find(&card.layout, w->value) != 0;
	w->card_is_here = access(path, F_OK) == 0;
	return 0;
}

static int scan_for(struct wanted *w, struct candidate *out, const struct lb_blockdev_roots *roots)
{
	struct candidate best = {0};
	char class_dir[LB_PATH_MAX];

	if (!path_join(class_dir, roots->sys, "class/block") || see_card(w, class_dir) < 0)
		return LB_E(RANGE);
	CLEANUP(lb_dir_closep) DIR *dir = opendir(class_dir);
	if (!dir)
		return lb_err_from_errno(errno) == LB_E(NOENT) ? LB_E(NOENT) : LB_E(IO);
	for (const struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			consider(&best, e->d_name, class_dir, w, roots->dev);
	if (!best.name[0])
		return LB_E(NOENT);
	*out = best;
	return 0;
}

static int scan(const char *key, const char *value, char out[LB_PATH_MAX],
		const struct lb_blockdev_roots *roots)
{
	struct wanted w = {.key = key, .value = value};
	struct candidate c;
	int rc = scan_for(&w, &c, roots);

	if (rc == 0)
		(void)strcpy(out, c.path);
	return rc;
}

/* What follows `prefix` in `spec`, or NULL. */
static const char *after(const char *spec, const char *prefix)
{
	const size_t n = strlen(prefix);

	return strncmp(spec, prefix, n) == 0 && spec[n] ? spec + n : NULL;
}

static int find(const char *spec, bool raw, char out[LB_PATH_MAX],
		const struct lb_blockdev_roots *roots)
{
	const char *label = after(spec, "PARTLABEL=");
	const char *uuid = after(spec, "PARTUUID=");
	const char *mtd = after(spec, "MTD=");
	const char *ubi = after(spec, "UBI=");

	if (label)
		return scan("PARTNAME", label, out, roots);
	if (uuid)
		return scan("PARTUUID", uuid, out, roots);
	if (mtd)
		return find_flash(&mtd_kind, mtd, raw ? mtd_kind.prefix : mtd_kind.block, out,
				  roots);
	if (ubi)
		return find_flash(&ubi_kind, ubi, raw ? ubi_kind.prefix : ubi_kind.block, out,
				  roots);
	if (spec[0] != '/')
		return LB_E(FORMAT);
	if (strlen(spec) >= LB_PATH_MAX)
		return LB_E(RANGE);
	(void)strcpy(out, spec);
	return 0;
}

int lb_blockdev_find(const char *spec, char out[LB_PATH_MAX], const struct lb_blockdev_roots *roots)
{
	return find(spec, false, out, roots);
}

int lb_blockdev_twin(const char *spec, const char *node, char out[LB_PATH_MAX],
		     const struct lb_blockdev_roots *roots)
{
	const char *label = after(spec, "PARTLABEL="), *uuid = after(spec, "PARTUUID=");
	struct wanted w = {.key = label ? "PARTNAME" : "PARTUUID", .value = label ? label : uuid};
	struct candidate first, second;
	int rc;

	if (!w.value)
		return LB_E(NOENT);
	rc = scan_for(&w, &first, roots);
	if (rc == 0 && strcmp(first.path, node) != 0)
		return LB_E(NOENT);
	w.not_node = node;
	if (rc == 0)
		rc = scan_for(&w, &second, roots);
	if (rc < 0 || !is_as_good(&first, &second))
		return rc < 0 ? rc : LB_E(NOENT);
	(void)strcpy(out, second.path);
	return 0;
}

int lb_blockdev_find_raw(const char *spec, char out[LB_PATH_MAX],
			 const struct lb_blockdev_roots *roots)
{
	return find(spec, true, out, roots);
}

static bool starts(const char *name, const char *prefix)
{
	const size_t n = strlen(prefix);

	return strncmp(name, prefix, n) == 0 && isdigit((unsigned char)name[n]);
}

static void rename_node(const char *node, bool to_raw, char out[LB_PATH_MAX])
{
	const struct flash_kind *const kinds[] = {&mtd_kind, &ubi_kind};
	const char *slash = strrchr(node, '/'), *name = slash ? slash + 1 : node;
	char path[LB_PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s", node);
	for (size_t i = 0; i < 2; i++) {
		const char *from = to_raw ? kinds[i]->block : kinds[i]->prefix;
		const char *to = to_raw ? kinds[i]->prefix : kinds[i]->block;

		if (starts(name, from))
			(void)snprintf(path, sizeof(path), "%.*s%s%s", (int)(name - node), node, to,
				       name + strlen(from));
	}
	memcpy(out, path, sizeof(path));
}

void lb_blockdev_raw_of(const char *node, char out[LB_PATH_MAX])
{
	rename_node(node, true, out);
}

void lb_blockdev_disk_of(const char *node, char out[LB_PATH_MAX])
{
	rename_node(node, false, out);
}

static bool flash_label(const struct flash_kind *kind, const char *name, char out[LB_PATH_MAX],
			const struct lb_blockdev_roots *roots)
{
	const size_t n = strlen(kind->block);
	char class_dir[LB_PATH_MAX], entry[LB_NAME_MAX];

	return strncmp(name, kind->block, n) == 0 &&
	       snprintf(entry, sizeof(entry), "%s%s", kind->prefix, name + n) <
		       (int)sizeof(entry) &&
	       path_join(class_dir, roots->sys, kind->class_dir) &&
	       read_entry(class_dir, entry, "name", out, LB_PATH_MAX);
}

static bool partition_label(const char *name, char out[LB_PATH_MAX],
			    const struct lb_blockdev_roots *roots)
{
	char class_dir[LB_PATH_MAX], uevent[LB_UEVENT_BYTES];

	return path_join(class_dir, roots->sys, "class/block") &&
	       read_entry(class_dir, name, "uevent", uevent, sizeof(uevent)) &&
	       lb_uevent_get(uevent, "PARTNAME", out, LB_PATH_MAX);
}

int lb_blockdev_label(const char *node, char out[LB_NAME_MAX],
		      const struct lb_blockdev_roots *roots)
{
	const char *slash = strrchr(node, '/'), *name = slash ? slash + 1 : node;
	char label[LB_PATH_MAX];

	if (!flash_label(&mtd_kind, name, label, roots) &&
	    !flash_label(&ubi_kind, name, label, roots) && !partition_label(name, label, roots))
		return LB_E(NOENT);
	if (strlen(label) >= LB_NAME_MAX)
		return LB_E(RANGE);
	(void)strcpy(out, label);
	return 0;
}

#include "lifeboat/install/card_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "install/card_table.h"
#include "lifeboat/disk_wait.h"
#include "plat/linux/disk/disk.h"
#include "plat/linux/disk/guard.h"
#include "plat/linux/disk/target.h"
#include "plat/linux/storage/overlaydev.h"
#include "store/board_card.h"

#define NAMED_MAX 2 /* of the partitions that are in the way: a sentence has its end */

static struct lb_target target;
static struct lb_card_table table;

PRINTF_LIKE(3, 4) static int refuse(char why[LB_SENTENCE_MAX], int rc, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(why, LB_SENTENCE_MAX, fmt, args);
	va_end(args);
	return rc;
}

static int open_card(const struct lb_card_disk *d, char why[LB_SENTENCE_MAX])
{
	struct plat_target plat;

	return lb_target_open(&target, &plat, d->board->card_device,
			      LB_TARGET_WHOLE_DISK | LB_TARGET_UNGUARDED, why);
}

/* "partition 1 (photos, 100 MiB), 2 (400 MiB) and 3 more" */
static void name_others(char out[LB_NAME_MAX * 2])
{
	const struct lb_ptable *t = &table.on_disk;
	char name[LB_CARD_NAME_MAX];
	size_t n = 0, others = 0;

	out[0] = '\0';
	for (size_t i = 0; i < t->count; i++) {
		const struct lb_part *p = &t->part[i];

		if (!lb_ptable_is_other(&table.table, t, i) || others++ >= NAMED_MAX)
			continue;
		lb_ptable_name(t, i, name);
		n += (size_t)snprintf(
			out + n, LB_NAME_MAX * 2 - n, "%s %u (%.24s%s%" PRIu64 " MiB)",
			others == 1 ? "partition" : ",", p->number, name, name[0] ? ", " : "",
			((p->last - p->first + 1) * t->sector_bytes) >> 20);
	}
	if (others > NAMED_MAX)
		(void)snprintf(out + n, LB_NAME_MAX * 2 - n, " and %zu more", others - NAMED_MAX);
}

static const char how[] = "'lifeboat reflash --whole' in a rescue shell makes a new table, and all "
			  "of that is lost";

static int say_others(const struct lb_card_disk *d, char why[LB_SENTENCE_MAX])
{
	char others[LB_NAME_MAX * 2];

	name_others(others);
	return refuse(why, LB_E(STATE), "%.40s has no %.40s, but %s: %s", d->board->card_device,
		      d->place, others[0] ? others : "a table that others may read", how);
}

static bool is_in_table(const struct lb_partition *partition)
{
	const struct lb_ptable *t = &table.on_disk;

	for (size_t i = 0; i < t->count; i++)
		if (t->part[i].first * t->sector_bytes == partition->start_bytes)
			return true;
	return false;
}

static int count_foreign(void *ctx, const struct lb_partition *partition)
{
	*(unsigned *)ctx += is_in_table(partition) ? 0 : 1;
	return 0;
}

/* Does the kernel show a partition that we do not? */
static int see_foreign(const char *device, char why[LB_SENTENCE_MAX])
{
	struct lb_disk disk;
	unsigned count = 0;
	int rc = lb_disk_of(device, &disk, &lb_blockdev_roots);

	if (rc == 0)
		rc = lb_disk_partitions(&disk, count_foreign, &count, &lb_blockdev_roots);
	if (rc < 0)
		return refuse(why, rc, "%.60s: what the kernel says about it %s", device,
			      lb_strerror(rc));
	return count == 0 ? 0
			  : refuse(why, LB_E(STATE),
				   "%.60s has %u partitions in a table of another kind: %s", device,
				   count, how);
}

/* No table at the start that we can read: has it something else that others can? The backup of a
 * GPT outlives a file system that was made on the whole disk. */
static int see_blank(const struct lb_card_disk *d, char why[LB_SENTENCE_MAX])
{
	const char *device = d->board->card_device;
	char fs[32];
	int rc = lb_disk_type(device, fs, sizeof(fs));

	if (rc == 0 && table.given == LB_CARD_GIVEN_DISK)
		rc = LB_E(NOENT);
	if (rc == 0)
		return refuse(why, LB_E(STATE),
			      "%.60s has no partition table, but %.30s all over: %s", device, fs,
			      how);
	if (rc == LB_E(EXIST))
		return refuse(why, LB_E(STATE),
			      "%.60s has no partition table, but traces of several file systems: "
			      "%s",
			      device, how);
	if (rc != LB_E(NOENT))
		return refuse(why, rc, "%.60s cannot be read: it %s", device, lb_strerror(rc));
	return see_foreign(device, why);
}

/* --whole is no word for calibration data. */
static int see_protected(const struct lb_card_disk *d, char why[LB_SENTENCE_MAX])
{
	const struct lb_ptable *t = &table.on_disk;

	for (size_t i = 0; i < t->count; i++) {
		const struct lb_part *p = &t->part[i];

		if (lb_ptable_is_other(&table.table, t, i) &&
		    lb_guard_check(d->board->card_device, p->first * t->sector_bytes,
				   (p->last - p->first + 1) * t->sector_bytes,
				   &lb_blockdev_roots) < 0)
			return refuse(why, LB_E(PROTECTED),
				      "partition %u of %.60s has a protected name: nothing may "
				      "write it",
				      p->number, d->board->card_device);
	}
	return 0;
}

/* What the new system came from, as far as it lies on the card. */
static void give(const struct lb_card_disk *d, struct lb_card_table_ask *ask)
{
	struct lb_disk disk;

	if (!d->source || lb_disk_of(d->source, &disk, &lb_blockdev_roots) < 0 ||
	    !lb_disk_is_same(disk.node, d->board->card_device))
		return;
	ask->given = disk.start_bytes ? LB_CARD_GIVEN_PART : LB_CARD_GIVEN_DISK;
	ask->given_first = disk.start_bytes / target.block.sector_bytes;
}

static int ask_of(const struct lb_card_disk *d, struct lb_card_table_ask *out)
{
	*out = (struct lb_card_table_ask){.layout = &d->board->card,
					  .root = lb_board_card_number(d->board, d->place),
					  .by_name = d->place[0] != '/',
					  .whole = d->whole};
	give(d, out);
	return getrandom(out->ids, sizeof(out->ids), 0) == (ssize_t)sizeof(out->ids) ? 0 : LB_E(IO);
}

static int look(struct lb_card_disk *d, char why[LB_SENTENCE_MAX])
{
	const struct lb_target_block *b = &target.block;
	struct lb_card_table_ask ask;
	int rc = ask_of(d, &ask);

	if (rc == 0)
		rc = lb_card_table_look(&table, &b->dev, b->sector_bytes, &ask);
	if (rc == LB_E(NOSPC))
		return refuse(why, rc,
			      "%.60s is too small for the partitions that the board file gives it",
			      d->board->card_device);
	if (rc < 0)
		return refuse(why, rc, "%.60s cannot be read: it %s", d->board->card_device,
			      lb_strerror(rc));
	d->is_blank = table.found == LB_CARD_BLANK && table.given == LB_CARD_GIVEN_NOTHING;
	d->is_fine = table.found == LB_CARD_FINE;
	d->root_bytes = lb_card_table_root_bytes(&table);
	if (table.found == LB_CARD_OTHERS)
		return say_others(d, why);
	rc = 0;
	if (table.found == LB_CARD_BLANK || (table.backup_in_use && !d->whole))
		rc = see_blank(d, why);
	else if (table.given == LB_CARD_GIVEN_PART)
		rc = see_foreign(d->board->card_device, why);
	return rc < 0 ? rc : see_protected(d, why);
}

int lb_card_disk_plan(struct lb_card_disk *d, char why[LB_SENTENCE_MAX])
{
	int rc;

	if (!d->board->card_device[0])
		return refuse(why, LB_E(NOENT), "the card %.150s %s", d->place,
			      lb_strerror(LB_E(NOENT)));
	if (lb_board_card_number(d->board, d->place) == 0)
		return refuse(why, LB_E(NOENT),
			      "the root %.80s is not here, and is none of the partitions that the "
			      "board file gives %.60s",
			      d->place, d->board->card_device);
	lb_target_none(&target);
	rc = open_card(d, why);
	if (rc == 0)
		rc = look(d, why);
	lb_target_closep(&target);
	return rc;
}

/* Not through the descriptor that keeps others off: the kernel takes that for somebody else. */
static int have_it_read(const char *device)
{
	CLEANUP(lb_fd_closep) int fd = open(device, O_RDONLY | O_CLOEXEC);

	return fd < 0 || ioctl(fd, BLKRRPART) < 0 ? lb_err_from_errno(errno) : 0;
}

static int wait_for_node(const struct lb_card_disk *d, char node[LB_PATH_MAX])
{
	const struct lb_disk_wait wait = lb_disk_wait_begin(LB_DISK_WAIT_MS);

	while (!lb_disk_is_there(d->place, node))
		if (!lb_disk_wait_goes_on(&wait))
			return LB_E(NOENT);
	return 0;
}

int lb_card_disk_write(const struct lb_card_disk *d, char node[LB_PATH_MAX],
		       char why[LB_SENTENCE_MAX])
{
	int rc;

	lb_target_none(&target);
	rc = open_card(d, why);
	if (rc < 0)
		return rc;
	rc = lb_card_table_put(&table, &target.block.dev);
	lb_target_closep(&target);
	if (rc < 0)
		return refuse(why, rc, "%.60s takes no partition table: it %s",
			      d->board->card_device, lb_strerror(rc));
	rc = have_it_read(d->board->card_device);
	if (rc == 0)
		rc = wait_for_node(d, node);
	return rc < 0 ? refuse(why, rc,
			       "the new partition table of %.60s is not taken by the kernel (%s): "
			       "switch the router off and on",
			       d->board->card_device, lb_strerror(rc))
		      : 0;
}

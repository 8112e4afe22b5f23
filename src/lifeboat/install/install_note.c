#include "lifeboat/install/install_note.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lifeboat/record_io.h"
#include "lifeboat/reset_result.h"
#include "plan/place.h"
#include "plat/linux/disk/disk.h"

static void add_line(struct lb_record *r, void *line)
{
	lb_record_log(r, line);
}

/* The bytes where the record was are the new image's now: a record put there would damage it. */
static bool is_on(const char *node, const char *record)
{
	char device[LB_PATH_MAX], there[LB_PATH_MAX];
	struct lb_disk disk;

	(void)lb_place_split(record, device);
	if (lb_blockdev_find_raw(device, there, &lb_blockdev_roots) < 0)
		return false;
	return lb_disk_is_same(there, node) || (lb_disk_of(there, &disk, &lb_blockdev_roots) == 0 &&
						lb_disk_is_same(disk.node, node));
}

int lb_install_note(const struct lb_board *board, const struct lb_install_report *report,
		    const char *image, const char *node, bool beside)
{
	const char *slash = strrchr(image, '/');
	const char *name = strcmp(image, "-") == 0 ? "standard input" : slash ? slash + 1 : image;
	char line[2 * LB_SENTENCE_MAX], at[64];
	int rc;

	if (!board->record[0] || (!beside && is_on(node, board->record)))
		return 0;
	lb_reset_when((uint64_t)time(NULL), at, sizeof(at));
	/* The log cuts a line at its end: names must leave room for the reason. */
	(void)snprintf(line, sizeof(line), "install%s: %.40s onto %.40s: %s%s%s", at, name, node,
		       lb_install_end_name(report->end), report->why[0] ? ", " : "", report->why);
	rc = lb_record_change(board, add_line, line);
	return rc == LB_E(NOENT) ? 0 : rc;
}

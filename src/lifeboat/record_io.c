#include "lifeboat/record_io.h"

#include "base/cleanup.h"
#include "plat/linux/storage/record_area.h"
#include "store/recovery.h"

static int open_area(const struct lb_board *board, struct lb_record_area *a, struct plat_block *dev,
		     enum lb_block_mode mode)
{
	return board->record[0] ? lb_record_area_open_place(a, dev, board->record, mode)
				: LB_E(NOENT);
}

/* No valid copy: a new device, or one whose area was wiped. Its record starts now. */
static int load_or_start(struct lb_record *r, const struct plat_block *dev)
{
	int rc = lb_recovery_load(r, dev);

	if (rc != LB_E(NOENT))
		return rc;
	*r = (struct lb_record){0};
	return 0;
}

int lb_record_change(const struct lb_board *board, void (*change)(struct lb_record *r, void *ctx),
		     void *ctx)
{
	static struct lb_record record; /* 9 KiB are too much for the stack of a small machine */
	CLEANUP(lb_record_area_closep) struct lb_record_area area = LB_RECORD_AREA_CLOSED;
	struct plat_block dev;
	int rc = open_area(board, &area, &dev, LB_BLOCK_WRITE);

	if (rc < 0)
		return rc;
	rc = load_or_start(&record, &dev);
	if (rc < 0)
		return rc;
	change(&record, ctx);
	return lb_recovery_save(&record, &dev);
}

int lb_record_read(const struct lb_board *board, struct lb_record *out)
{
	CLEANUP(lb_record_area_closep) struct lb_record_area area = LB_RECORD_AREA_CLOSED;
	struct plat_block dev;
	int rc = open_area(board, &area, &dev, LB_BLOCK_READ);

	return rc < 0 ? rc : load_or_start(out, &dev);
}

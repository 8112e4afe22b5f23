#include "lifeboat/record_io.h"

#include "base/cleanup.h"
#include "plat/block_part.h"
#include "plat/linux/storage/record_area.h"
#include "store/board_card.h"
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

static int change_on(const struct plat_block *dev, void (*change)(struct lb_record *r, void *ctx),
		     void *ctx)
{
	static struct lb_record record; /* 9 KiB are too much for the stack of a small machine */
	int rc = load_or_start(&record, dev);

	if (rc < 0)
		return rc;
	change(&record, ctx);
	return lb_recovery_save(&record, dev);
}

int lb_record_change(const struct lb_board *board, void (*change)(struct lb_record *r, void *ctx),
		     void *ctx)
{
	CLEANUP(lb_record_area_closep) struct lb_record_area area = LB_RECORD_AREA_CLOSED;
	struct plat_block dev;
	int rc = open_area(board, &area, &dev, LB_BLOCK_WRITE);

	return rc < 0 ? rc : change_on(&dev, change, ctx);
}

int lb_record_read(const struct lb_board *board, struct lb_record *out)
{
	CLEANUP(lb_record_area_closep) struct lb_record_area area = LB_RECORD_AREA_CLOSED;
	struct plat_block dev;
	int rc = open_area(board, &area, &dev, LB_BLOCK_READ);

	return rc < 0 ? rc : load_or_start(out, &dev);
}

/* --- on a card without a table */

struct ahead {
	struct lb_block card;
	struct lb_block_part part;
};

static int open_ahead(const struct lb_board *board, struct ahead *a, struct plat_block *dev,
		      enum lb_block_mode mode)
{
	const unsigned number = lb_board_card_number(board, board->record);
	const uint64_t at = lb_ptable_layout_at(&board->card, number);
	const uint64_t size = lb_ptable_layout_bytes(&board->card, number);
	struct plat_block card;
	int rc = number ? lb_block_open(&a->card, &card, board->card_device, mode) : LB_E(NOENT);

	if (rc < 0)
		return rc;
	if (card.size_bytes < at + size) {
		lb_block_closep(&a->card);
		return LB_E(NOENT);
	}
	*dev = lb_block_part(&a->part, &card, at, size);
	return 0;
}

int lb_record_change_ahead(const struct lb_board *board,
			   void (*change)(struct lb_record *r, void *ctx), void *ctx)
{
	struct ahead a = {.card = LB_BLOCK_CLOSED};
	struct plat_block dev;
	int rc = open_ahead(board, &a, &dev, LB_BLOCK_WRITE);

	if (rc == 0)
		rc = change_on(&dev, change, ctx);
	lb_block_closep(&a.card);
	return rc;
}

int lb_record_read_ahead(const struct lb_board *board, struct lb_record *out)
{
	struct ahead a = {.card = LB_BLOCK_CLOSED};
	struct plat_block dev;
	int rc = open_ahead(board, &a, &dev, LB_BLOCK_READ);

	if (rc == 0)
		rc = load_or_start(out, &dev);
	lb_block_closep(&a.card);
	return rc;
}

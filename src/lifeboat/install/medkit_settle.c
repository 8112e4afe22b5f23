#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "lifeboat/card_note.h"
#include "lifeboat/install/medkit_flash.h"
#include "plat/linux/disk/blockdev.h"
#include "plat/linux/machine/machine.h"
#include "plat/linux/storage/carddev.h"
#include "store/card.h"

#define WAIT_FOR_CARD_MS 10000 /* as for the root */
#define LOOK_EVERY_MS	 20

static int note(void *ctx, bool begun)
{
	const struct lb_board *board = ctx;

	lb_card_note(board, 0);
	return lb_card_noted(board) ? LB_E(IO) : 0;
}

int lb_medkit_settle(const struct lb_board *board, const char *place)
{
	CLEANUP(lb_carddev_closep) struct lb_carddev card = LB_CARDDEV_CLOSED;
	const struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000l};
	const uint64_t until_ms = lb_monotonic_ms() + WAIT_FOR_CARD_MS;
	char found[LB_PATH_MAX];
	struct plat_card p;
	int rc;

	while (lb_blockdev_find(place, found, &lb_blockdev_roots) < 0 || access(found, F_OK) < 0) {
		if (lb_monotonic_ms() >= until_ms)
			return 0;
		(void)nanosleep(&pause, NULL);
	}
	rc = lb_carddev_open(&card, found);
	if (rc < 0)
		return rc == LB_E(NOENT) ? 0 : rc;
	card.note = note;
	card.ctx = (void *)(uintptr_t)board;
	p = lb_carddev_plat(&card);
	return lb_card_settle(&p);
}

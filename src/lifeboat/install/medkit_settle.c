#include "base/cleanup.h"
#include "lifeboat/card_note.h"
#include "lifeboat/disk_wait.h"
#include "lifeboat/install/medkit_flash.h"
#include "plat/linux/storage/carddev.h"
#include "store/card.h"

static int note(void *ctx, bool begun)
{
	const struct lb_board *board = ctx;

	lb_card_note(board, 0);
	return lb_card_noted(board) ? LB_E(IO) : 0;
}

/* 0 and the card, which is as it was, or LB_E(...). */
static int open_card(struct lb_carddev *card, const struct lb_board *board, const char *node)
{
	int rc = lb_carddev_open(card, node);

	card->note = note;
	card->ctx = (void *)(uintptr_t)board;
	return rc;
}

int lb_medkit_settle(const struct lb_board *board, const char *place)
{
	CLEANUP(lb_carddev_closep) struct lb_carddev card = LB_CARDDEV_CLOSED;
	const struct lb_disk_wait wait = lb_disk_wait_begin(LB_DISK_WAIT_MS);
	char found[LB_PATH_MAX];
	struct plat_card p;
	int rc;

	while (!lb_disk_is_there(place, found))
		if (!lb_disk_wait_goes_on(&wait))
			return 0;
	rc = open_card(&card, board, found);
	if (rc < 0)
		return rc == LB_E(NOENT) ? 0 : rc;
	p = lb_carddev_plat(&card);
	return lb_card_settle(&p);
}

bool lb_medkit_nothing_else_boots(const struct lb_board *board, const char *place)
{
	CLEANUP(lb_carddev_closep) struct lb_carddev card = LB_CARDDEV_CLOSED;
	char found[LB_PATH_MAX];
	struct plat_card p;
	int rc;

	if (!lb_card_noted(board))
		return false;
	if (!lb_disk_is_there(place, found))
		return true;
	rc = open_card(&card, board, found);
	if (rc < 0)
		return rc == LB_E(NOENT);
	p = lb_carddev_plat(&card);
	return lb_card_is_whole(&p) == 0;
}

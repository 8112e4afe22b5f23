#include "lifeboat/card_note.h"

#include "base/log.h"
#include "lifeboat/disk_wait.h"
#include "lifeboat/record_io.h"
#include "plat/linux/machine/watchdog.h"

static void change(struct lb_record *r, void *mode)
{
	r->card_mode = *(const uint8_t *)mode;
}

static void warn(int rc)
{
	if (rc < 0 && rc != LB_E(NOENT))
		log_warn("the recovery record cannot be told of the card: it %s; a power cut would "
			 "have to be mended by hand",
			 lb_strerror(rc));
}

void lb_card_note(const struct lb_board *board, unsigned mode)
{
	uint8_t code = (uint8_t)mode;

	warn(lb_record_change(board, change, &code));
}

void lb_card_note_ahead(const struct lb_board *board, unsigned mode)
{
	uint8_t code = (uint8_t)mode;

	warn(lb_record_change_ahead(board, change, &code));
}

static int read_note(const struct lb_board *board, unsigned *mode)
{
	static struct lb_record record; /* 9 KiB are too much for the stack of PID 1 */
	int rc = lb_record_read(board, &record);

	*mode = rc == 0 ? record.card_mode : 0;
	/* The power failed before the record had its partition. */
	if (rc == LB_E(NOENT) && lb_record_read_ahead(board, &record) == 0 && record.card_mode) {
		*mode = record.card_mode;
		return 0;
	}
	return rc;
}

unsigned lb_card_noted(const struct lb_board *board)
{
	unsigned mode;

	return read_note(board, &mode) < 0 ? 0 : mode;
}

unsigned lb_card_noted_at_boot(const struct lb_board *board, const char *place, int watchdog)
{
	const struct lb_disk_wait wait = lb_disk_wait_begin(LB_DISK_WAIT_MS);
	char root[LB_PATH_MAX];
	unsigned mode;

	/* Partitions of one card come together: where the root is, the record would be. */
	while (read_note(board, &mode) == LB_E(NOENT) && board->record[0] &&
	       !lb_disk_is_there(place, root) && lb_disk_wait_goes_on(&wait))
		lb_watchdog_kick(watchdog);
	return read_note(board, &mode) < 0 ? 0 : mode;
}

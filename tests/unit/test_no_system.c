/* After a rescue mode has failed: what counts as a system that could boot. Disks and their time are
 * the test's. */
#include "tests/t.h"

#include <string.h>

#include "lifeboat/disk_wait.h"
#include "lifeboat/install/medkit_flash.h"
#include "lifeboat/modes/no_system.h"
#include "plat/linux/files/mounts.h"

#define ROOT "PARTLABEL=rootfs"

static struct lb_board board;
static bool initramfs, wiped;
static const char *there; /* the place of a disk that is there, */
static uint64_t from_ms;  /* from then on */
static uint64_t now_ms;

bool lb_root_is_initramfs(void)
{
	return initramfs;
}

struct lb_disk_wait lb_disk_wait_begin(unsigned wait_ms)
{
	return (struct lb_disk_wait){now_ms + wait_ms};
}

bool lb_disk_wait_goes_on(const struct lb_disk_wait *w)
{
	if (now_ms >= w->until_ms)
		return false;
	now_ms += 20;
	return true;
}

bool lb_disk_is_there(const char *place, char node[LB_PATH_MAX])
{
	return now_ms >= from_ms && there && strcmp(place, there) == 0;
}

bool lb_medkit_nothing_else_boots(const struct lb_board *b, const char *place)
{
	return wiped;
}

static void begin(const char *place)
{
	board = (struct lb_board){0};
	initramfs = true;
	wiped = false;
	there = place;
	from_ms = now_ms = 0;
}

static void no_system__each_state_of_the_root__none_only_without_disk_or_wiped(void **state)
{
	begin(ROOT);
	assert_false(lb_no_system(&board, ROOT, 0));
	wiped = true;
	assert_true(lb_no_system(&board, ROOT, 0));
	begin(NULL);
	assert_true(lb_no_system(&board, ROOT, 0));
	initramfs = false; /* it runs from it */
	assert_false(lb_no_system(&board, ROOT, 0));
}

static void no_system__disk_comes_late__is_waited_for_and_no_longer(void **state)
{
	begin(ROOT);
	from_ms = 5000;
	assert_false(lb_no_system(&board, ROOT, 8000));
	begin(ROOT);
	from_ms = 9000;
	assert_true(lb_no_system(&board, ROOT, 8000));
	assert_int_equal(now_ms, 8000);
}

static void no_system__two_slots__one_of_them_is_enough(void **state)
{
	begin("PARTLABEL=b");
	board.slot_count = LB_SLOTS_MAX;
	(void)strcpy(board.slots[0].root, "PARTLABEL=a");
	(void)strcpy(board.slots[1].root, "PARTLABEL=b");
	assert_false(lb_no_system(&board, ROOT, 0));
	there = NULL;
	assert_true(lb_no_system(&board, ROOT, 0));
}

TESTS(unit(no_system__each_state_of_the_root__none_only_without_disk_or_wiped),
      unit(no_system__disk_comes_late__is_waited_for_and_no_longer),
      unit(no_system__two_slots__one_of_them_is_enough))

/* Where the root lies: what the boot loader says, the slot that runs, the board file. */
#include "tests/t.h"

#include <stdio.h>
#include <string.h>

#include "lifeboat/slots/root_place.h"
#include "lifeboat/slots/slots_running.h"
#include "plat/linux/files/files.h"

static int running = -1;

int lb_slots_running(const struct lb_board *board)
{
	return running;
}

static const char *of_kernel;

int lb_file_read(const char *path, char *buf, size_t size)
{
	assert_string_equal(path, "/proc/cmdline");
	return of_kernel ? snprintf(buf, size, "%s", of_kernel) : LB_E(IO);
}

static const char *place(const struct lb_board *board, const char *cmdline)
{
	static char out[LB_PATH_MAX];

	lb_root_place(out, board, cmdline);
	return out;
}

static void root__on_the_command_line__wins(void **state)
{
	static struct lb_board board = {.root = "PARTLABEL=root"};

	assert_string_equal(place(&board, "quiet root=PARTUUID=1-2 ro"), "PARTUUID=1-2");
	board.slot_count = 2;
	assert_string_equal(place(&board, "root=/dev/vda3"), "/dev/vda3");
}

static void root__nothing_said_or_nothing_in_it__is_the_board_files(void **state)
{
	static const struct lb_board board = {.root = "PARTLABEL=root"};

	assert_string_equal(place(&board, "quiet"), "PARTLABEL=root");
	assert_string_equal(place(&board, "root= quiet"), "PARTLABEL=root");
}

static void root__of_slots__is_the_one_that_runs(void **state)
{
	static struct lb_board board = {.root = "PARTLABEL=root", .slot_count = 2};

	(void)strcpy(board.slots[0].root, "PARTLABEL=a");
	(void)strcpy(board.slots[1].root, "PARTLABEL=b");
	running = 1;
	assert_string_equal(place(&board, ""), "PARTLABEL=b");
	running = -1;
	assert_string_equal(place(&board, ""), "PARTLABEL=a");
}

static void root__asked_now__is_that_of_this_kernels_command_line(void **state)
{
	static const struct lb_board board = {.root = "PARTLABEL=root"};
	char out[LB_PATH_MAX];

	of_kernel = "ro root=/dev/vda2\n";
	lb_root_place_now(out, &board);
	assert_string_equal(out, "/dev/vda2");
	of_kernel = NULL;
	lb_root_place_now(out, &board);
	assert_string_equal(out, "PARTLABEL=root");
}

TESTS(unit(root__asked_now__is_that_of_this_kernels_command_line),
      unit(root__on_the_command_line__wins),
      unit(root__nothing_said_or_nothing_in_it__is_the_board_files),
      unit(root__of_slots__is_the_one_that_runs))

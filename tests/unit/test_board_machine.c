/* What needs a held button: the rest of the comparison is in tests/cli/test_board.py. */
#include "tests/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lifeboat/board_machine.h"

#define EVENT "/sys/class/input/event0/device"

static char root[] = "/tmp/board-machine-XXXXXX";
static char last_about_a_button[LB_SENTENCE_MAX];
static unsigned line_of_it;

static void keep(void *ctx, unsigned line, const char *sentence)
{
	if (strncmp(sentence, "button", 6) != 0)
		return;
	(void)snprintf(last_about_a_button, sizeof(last_about_a_button), "%s", sentence);
	line_of_it = line;
}

static void write_file(const char *path, const char *text)
{
	char full[256];
	FILE *f;

	for (const char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		(void)snprintf(full, sizeof(full), "%s%.*s", root, (int)(slash - path), path);
		(void)mkdir(full, 0700);
	}
	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int make_machine(void **state)
{
	assert_non_null(mkdtemp(root));
	write_file(EVENT "/name", "keys\n");
	write_file(EVENT "/capabilities/key", "6\n"); /* codes 1 and 2 */
	return 0;
}

static int remove_machine(void **state)
{
	static const char *const paths[] = {EVENT "/capabilities/key",
					    EVENT "/capabilities",
					    EVENT "/name",
					    EVENT,
					    "/sys/class/input/event0",
					    "/sys/class/input",
					    "/sys/class",
					    "/sys",
					    ""};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		char full[256];

		(void)snprintf(full, sizeof(full), "%s%s", root, paths[i]);
		assert_int_equal(remove(full), 0);
	}
	return 0;
}

static void compare(size_t button_count, unsigned held)
{
	struct lb_board board;
	struct lb_board_lines lines = {.button = {11, 22, 33}};

	lb_board_defaults(&board);
	board.buttons[0] = (struct lb_button){.name = "one", .code = 1};
	board.buttons[1] = (struct lb_button){.name = "two", .code = 2};
	board.buttons[2] = (struct lb_button){.name = "three", .code = 3};
	board.button_count = button_count;
	last_about_a_button[0] = '\0';
	(void)lb_board_compare(&board, &lines, root, held, keep, NULL);
}

static void compare__no_button_held__has_nothing_to_say_about_buttons(void **state)
{
	compare(2, 0);
	assert_string_equal(last_about_a_button, "");
}

static void compare__second_button_held__is_said_with_its_line(void **state)
{
	compare(2, 2);
	assert_int_equal(line_of_it, 22);
	assert_string_equal(last_about_a_button,
			    "button \"two\" reads as pressed right now: let go of it, or mend its "
			    "polarity in the device tree");
}

static void compare__button_that_is_missing__is_not_also_held(void **state)
{
	compare(3, 4);
	assert_int_equal(line_of_it, 33);
	assert_non_null(strstr(last_about_a_button, "this machine has no key"));
}

int main(void)
{
	const struct CMUnitTest all[] = {
		unit(compare__no_button_held__has_nothing_to_say_about_buttons),
		unit(compare__second_button_held__is_said_with_its_line),
		unit(compare__button_that_is_missing__is_not_also_held),
	};

	return cmocka_run_group_tests(all, make_machine, remove_machine);
}

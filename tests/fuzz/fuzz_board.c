/* The input is a board file. Each is parsed twice: libConfuse's lexer is global, and the second
 * time must be as the first. */
#include "tests/fuzz/fuzz.h"

#include "store/board_parse.h"

static void check_deed(const struct lb_deed *d)
{
	CHECK(d->action < LB_ACTION_COUNT && memchr(d->command, 0, sizeof(d->command)));
	CHECK(d->command[0] == (d->action == LB_ACTION_RUN ? '/' : '\0'));
}

static void check_button(const struct lb_button *b)
{
	CHECK(b->code > 0 && b->name[0]);
	check_deed(&b->short_press);
	check_deed(&b->long_press);
	CHECK(b->short_press.action != LB_ACTION_FACTORY_RESET);
	CHECK(b->short_ms < b->long_ms && (!b->cancel_ms || b->long_ms < b->cancel_ms));
}

static void check_ends(const struct lb_board *b)
{
	CHECK(memchr(b->id, 0, sizeof(b->id)) && b->id[0]);
	CHECK(memchr(b->name, 0, sizeof(b->name)));
	CHECK(memchr(b->root, 0, sizeof(b->root)) && b->root[0]);
	CHECK(b->init[0] == '/' && b->modules[0] == '/');
	CHECK(b->window_ms <= 60000 && b->debounce_ms <= 500);
	CHECK(b->failsafe < LB_POLICY_COUNT);
	CHECK(b->prefix_bits >= 8 && b->prefix_bits <= 30);
	CHECK(b->lan_port_count <= LB_LAN_PORTS_MAX && b->wan_port_count <= LB_LAN_PORTS_MAX);
	CHECK(b->protected_name_count <= LB_PROTECTED_MAX);
	for (size_t i = 0; i < b->protected_name_count; i++)
		CHECK(b->protected_names[i][0] && memchr(b->protected_names[i], 0, LB_NAME_MAX));
	CHECK(b->button_count <= LB_BUTTONS_MAX);
	for (size_t i = 0; i < b->button_count; i++)
		check_button(&b->buttons[i]);
}

static void check_sentence(const char *why)
{
	unsigned line;

	CHECK(memchr(why, 0, LB_SENTENCE_MAX));
	CHECK(sscanf(why, "b.conf:%u: ", &line) == 1 && line > 0);
	for (; *why; why++)
		CHECK(*why >= ' ' && *why <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct lb_board b[2], before;
	char why[2][LB_SENTENCE_MAX];
	int rc[2];

	memset(&before, 0x5A, sizeof(before));
	for (int i = 0; i < 2; i++) {
		b[i] = before;
		memset(why[i], 0, sizeof(why[i]));
		rc[i] = lb_board_parse(&b[i], NULL, data, n, "b.conf", why[i]);
	}
	CHECK(rc[0] == rc[1] && memcmp(why, why + 1, sizeof(why[0])) == 0);
	CHECK(memcmp(&b[0], &b[1], sizeof(before)) == 0);
	CHECK(rc[0] == 0 || rc[0] == LB_E(FORMAT));
	if (rc[0] == 0) {
		check_ends(&b[0]);
	} else {
		CHECK(memcmp(&b[0], &before, sizeof(before)) == 0);
		check_sentence(why[0]);
	}
	return 0;
}

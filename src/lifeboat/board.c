/* lifeboat board: is the board file right, and does it fit this machine? */
#include <stdio.h>
#include <string.h>

#include "lifeboat/applet.h"
#include "lifeboat/board_machine.h"
#include "lifeboat/board_notes.h"
#include "plat/linux/machine/input.h"
#include "store/board_say.h"

struct arguments {
	bool machine;
	const char *sysroot;
	const char *file;
};

struct place {
	const char *file;
};

static int refuse_usage(const char *sentence, const char *word)
{
	(void)fprintf(
		stderr,
		"lifeboat board: %s%s; usage: lifeboat board check [--machine] [--sysroot DIR] [FILE]\n",
		sentence, word);
	return LB_EXIT_USAGE;
}

static int read_arguments(int argc, char **argv, struct arguments *out)
{
	if (argc < 2 || strcmp(argv[1], "check") != 0)
		return refuse_usage(argc < 2 ? "say what to do" : "unknown command ",
				    argc < 2 ? "" : argv[1]);
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--machine") == 0) {
			out->machine = true;
		} else if (strcmp(argv[i], "--sysroot") == 0) {
			if (i + 1 == argc)
				return refuse_usage("--sysroot needs a directory", "");
			out->machine = true;
			out->sysroot = argv[++i];
		} else if (argv[i][0] == '-') {
			return refuse_usage("unknown option ", argv[i]);
		} else if (out->file) {
			return refuse_usage("one file at a time, not also ", argv[i]);
		} else {
			out->file = argv[i];
		}
	}
	return LB_EXIT_OK;
}

static void print_buttons(const struct lb_board *b)
{
	(void)printf("  buttons   %s",
		     b->button_count ? "" : "none: failsafe by serial console and network only");
	for (size_t i = 0; i < b->button_count; i++) {
		const char *key = lb_key_name(b->buttons[i].code);

		(void)printf("%s%s (", i ? ", " : "", b->buttons[i].name);
		if (key)
			(void)fputs(key, stdout);
		else
			(void)printf("key %u", b->buttons[i].code);
		(void)printf("%s%s)", b->buttons[i].input[0] ? " of " : "", b->buttons[i].input);
	}
	(void)putchar('\n');
}

/* What they do while the system runs; buttons that do nothing then are left out. */
static void print_deeds(const struct lb_board *b)
{
	bool any = false;

	for (size_t i = 0; i < b->button_count; i++) {
		const struct lb_button *button = &b->buttons[i];

		if (button->short_press.action == LB_ACTION_NONE &&
		    button->long_press.action == LB_ACTION_NONE)
			continue;
		(void)printf("%s%s short %s, long %s", any ? "; " : "  presses   ", button->name,
			     lb_action_name(button->short_press.action),
			     lb_action_name(button->long_press.action));
		any = true;
	}
	if (any)
		(void)putchar('\n');
}

static void print_leds(const struct lb_board *b)
{
	bool any = false;

	(void)printf("  leds      ");
	for (unsigned role = 0; role < LB_ROLE_COUNT; role++) {
		if (!b->leds[role][0])
			continue;
		(void)printf("%s%s %s", any ? ", " : "", lb_led_role_name(role), b->leds[role]);
		any = true;
	}
	for (size_t i = 0; i < b->held_led_count; i++)
		(void)printf("%s%s", i ? ", " : any ? ", held " : "held ", b->held_leds[i]);
	(void)puts(any || b->held_led_count ? "" : "none");
}

static void print_ports(const char (*ports)[LB_IFNAME_MAX], size_t count, const char *none)
{
	(void)printf("%s", count ? "" : none);
	for (size_t i = 0; i < count; i++)
		(void)printf("%s%s", i ? ", " : "", ports[i]);
}

static void print_network(const struct lb_board *b)
{
	(void)printf("  lan       %u.%u.%u.%u/%u on ", b->address >> 24, b->address >> 16 & 255,
		     b->address >> 8 & 255, b->address & 255, b->prefix_bits);
	print_ports(b->lan_ports, b->lan_port_count, "the first Ethernet port");
	(void)printf("; %s DHCP server, %s page\n  wan       ", b->dhcp_server ? "with a" : "no",
		     b->page ? "a" : "no");
	print_ports(b->wan_ports, b->wan_port_count, "none");
	(void)putchar('\n');
}

static void print_image(const struct lb_board *b)
{
	if (b->image_name_count == 0)
		return;
	(void)printf("  images    for ");
	for (size_t i = 0; i < b->image_name_count; i++)
		(void)printf("%s%s", i ? ", " : "", b->image_names[i]);
	(void)printf("; keys in %s\n", b->image_keys);
}

static void print_card(const struct lb_board *b)
{
	if (!b->card_device[0])
		return;
	(void)printf("  card      %s, %s:", b->card_device,
		     b->card.kind == LB_PTABLE_MBR ? "mbr" : "gpt");
	for (unsigned i = 0; i < b->card.count; i++) {
		(void)printf("%s %s ", i ? "," : "", b->card.part[i].name);
		if (b->card.part[i].mib)
			(void)printf("%u MiB", b->card.part[i].mib);
		else
			(void)printf("rest");
	}
	(void)putchar('\n');
}

static void print_menu(const struct lb_board *b)
{
	if (b->menu_mode_count == 0)
		return;
	(void)printf("  menu      ");
	for (size_t i = 0; i < b->menu_mode_count; i++)
		(void)printf("%s%s", i ? ", " : "", lb_mode_name(b->menu_modes[i]));
	(void)printf("; starts with %s\n", lb_mode_name(b->menu_start));
}

static void print_summary(const struct lb_board *b)
{
	(void)printf("  board     %s (%s)\n", b->id, b->name);
	if (b->window_ms)
		(void)printf("  window    %u s; failsafe %s\n", b->window_ms / 1000,
			     lb_policy_name(b->failsafe));
	else
		(void)printf("  window    off; failsafe %s\n", lb_policy_name(b->failsafe));
	print_buttons(b);
	print_deeds(b);
	print_leds(b);
	print_network(b);
	(void)printf("  console   %s\n", b->console_shell ? "shell in failsafe" : "no shell");
	(void)printf("  storage   root %s%s%s%s%s, record %s%s%s\n", b->root,
		     b->subvolume[0] ? ", subvolume " : "", b->subvolume,
		     b->kernel[0] ? ", kernel " : "", b->kernel,
		     b->record[0] ? b->record : "nowhere",
		     b->factory_image[0] ? ", factory image " : "", b->factory_image);
	print_image(b);
	print_card(b);
	print_menu(b);
	if (b->internet_url[0])
		(void)printf("  internet  %s\n", b->internet_url);
	if (b->watchdog[0])
		(void)printf("  watchdog  %s, %u s, %s before the system starts\n", b->watchdog,
			     b->watchdog_timeout_s,
			     b->watchdog_handover == LB_HANDOVER_KEEP ? "kept armed" : "disarmed");
	else
		(void)printf("  watchdog  none\n");
	(void)printf("  system    %s\n", b->init);
}

static void print_finding(void *ctx, unsigned line, const char *sentence)
{
	const struct place *p = ctx;

	if (line)
		(void)fprintf(stderr, "%s:%u: %s\n", p->file, line, sentence);
	else
		(void)fprintf(stderr, "%s: %s\n", p->file, sentence);
}

/* Keys can be asked for on the machine itself only: that takes its event devices. */
static unsigned held_buttons(const struct lb_board *board, const char *sysroot)
{
	struct lb_inputs in;
	unsigned held;

	if (sysroot[0])
		return 0;
	lb_inputs_open(&in, board->buttons, board->button_count);
	held = lb_inputs_held(&in);
	lb_inputs_close(&in);
	return held;
}

int applet_board(int argc, char **argv)
{
	struct arguments args = {.sysroot = ""};
	int code = read_arguments(argc, argv, &args);
	struct place place = {.file = args.file ? args.file : LB_BOARD_FILE};
	char why[LB_SENTENCE_MAX];
	struct lb_board_lines lines;
	struct lb_board board;
	int rc;

	if (code != LB_EXIT_OK)
		return code;
	rc = lb_board_load_lines(&board, &lines, place.file, why);
	if (rc < 0) {
		(void)fprintf(stderr, "%s\n", why);
		return rc == LB_E(FORMAT) || rc == LB_E(NOENT) ? LB_EXIT_NO : LB_EXIT_SYSTEM;
	}
	if (args.machine &&
	    lb_board_compare(&board, &lines, args.sysroot, held_buttons(&board, args.sysroot),
			     print_finding, &place) > 0)
		return LB_EXIT_NO;
	lb_board_notes(&board, &lines, print_finding, &place);
	(void)printf("%s: fine\n", place.file);
	print_summary(&board);
	return LB_EXIT_OK;
}

#include "lifeboat/board_notes.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "image/accept.h"
#include "image/medkit.h"
#include "store/board_card.h"
#include "store/board_say.h"

struct notes {
	const struct lb_board *board;
	const struct lb_board_lines *lines;
	lb_finding *found;
	void *ctx;
};

PRINTF_LIKE(3, 4)
static void note(const struct notes *n, enum lb_board_key_id key, const char *fmt, ...)
{
	char sentence[LB_SENTENCE_MAX] = "note: ";
	const size_t len = strlen(sentence);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(sentence + len, sizeof(sentence) - len, fmt, args);
	va_end(args);
	n->found(n->ctx, n->lines->key[key], sentence);
}

static bool has_mode(const struct lb_board *b, enum lb_mode mode)
{
	for (size_t i = 0; i < b->menu_mode_count; i++)
		if (b->menu_modes[i] == mode)
			return true;
	return false;
}

static void note_record(const struct notes *n)
{
	if (lb_board_card_lacks_record(n->board))
		note(n, LB_BOARD_CARD_PARTS,
		     "card.partitions does not list storage.record, %.100s: if no other disk has "
		     "it, a new card has no recovery record, and a power cut while it is written "
		     "has to be mended by hand",
		     lb_board_show(n->board->record).text);
}

/* "/dev/mmcblk0p2", "/dev/sda1": by the kernel's names, for on a PC nobody can be asked. */
static bool is_partition(const char *device)
{
	const char *name = strrchr(device, '/') ? strrchr(device, '/') + 1 : device;
	const size_t n = strlen(name);
	size_t end = n;

	while (end > 0 && isdigit((unsigned char)name[end - 1]))
		end--;
	if (end == n || end < 2)
		return false;
	return strncmp(name, "sd", 2) == 0 ||
	       (name[end - 1] == 'p' && isdigit((unsigned char)name[end - 2]));
}

static void note_card(const struct notes *n)
{
	if (is_partition(n->board->card_device))
		note(n, LB_BOARD_CARD_DEVICE,
		     "card.device is %.100s, a partition by its name: name the whole disk",
		     lb_board_show(n->board->card_device).text);
}

static void note_dialogue(const struct notes *n)
{
	if (n->board->menu_mode_count == 0)
		return;
	if (n->board->button_count == 0)
		note(n, LB_BOARD_MENU_MODES,
		     "menu.modes lists rescue modes, and there is no button: nothing but the kernel "
		     "command line opens the menu");
	if (!n->board->leds[LB_ROLE_BOOT][0])
		note(n, LB_BOARD_MENU_MODES,
		     "menu.modes lists rescue modes, and led.boot is not set: only the serial "
		     "console shows which one is chosen");
}

static void note_subvolume(const struct notes *n)
{
	static const enum lb_mode made[] = {LB_MODE_ROLLBACK, LB_MODE_FACTORY, LB_MODE_REFLASH,
					    LB_MODE_INTERNET};

	if (strcmp(n->board->subvolume, "@") == 0 || strcmp(n->board->subvolume, "/@") == 0)
		return;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
		if (!has_mode(n->board, made[i]))
			continue;
		note(n, LB_BOARD_MENU_MODES,
		     "menu.modes lists \"%s\", which makes the subvolume \"@\" the root, and "
		     "storage.subvolume is not \"@\": the gate boots something else",
		     lb_mode_name(made[i]));
		return;
	}
}

static void note_shared_port(const struct notes *n)
{
	const struct lb_board *b = n->board;

	for (size_t i = 0; i < b->wan_port_count; i++)
		for (size_t k = 0; k < b->lan_port_count; k++)
			if (strcmp(b->wan_ports[i], b->lan_ports[k]) == 0)
				note(n, LB_BOARD_WAN_PORTS,
				     "wan.ports lists \"%s\", which lan.ports has too: whoever is at "
				     "that port gets in as at any LAN port, but in the rescue mode "
				     "\"internet\"",
				     b->wan_ports[i]);
}

static void note_internet(const struct notes *n)
{
	const struct lb_board *b = n->board;
	const struct lb_taker taker = {
		.id = b->id, .names = b->image_names, .name_count = b->image_name_count};
	struct lb_medkit_name name;

	if (!has_mode(b, LB_MODE_INTERNET))
		return;
	if (b->wan_port_count == 0)
		note(n, LB_BOARD_MENU_MODES,
		     "menu.modes lists \"internet\", and wan.ports is empty: that mode has no port "
		     "to go online with");
	if (lb_medkit_name_parse(&name, b->internet_url) < 0)
		note(n, LB_BOARD_INTERNET_URL,
		     "internet.url does not end in the name of a medkit, such as "
		     "\"router-medkit-latest.tar.gz\": the mode may not know for which board it "
		     "is");
	else if (!lb_taker_knows(&taker, name.board))
		note(n, LB_BOARD_INTERNET_URL,
		     "internet.url names a medkit for \"%.63s\", which is neither id nor in "
		     "image.names: the mode would refuse it",
		     lb_board_show(name.board).text);
}

void lb_board_notes(const struct lb_board *board, const struct lb_board_lines *lines,
		    lb_finding *found, void *ctx)
{
	const struct notes n = {.board = board, .lines = lines, .found = found, .ctx = ctx};

	note_dialogue(&n);
	note_subvolume(&n);
	note_card(&n);
	note_record(&n);
	note_shared_port(&n);
	note_internet(&n);
}

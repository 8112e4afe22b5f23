#include "store/board_store.h"

#include <stdio.h>
#include <string.h>

#include "store/board_say.h"

static int set_store(struct lb_board *board, const char *text, char *what)
{
	const bool in_env = strcmp(text, "uboot-env") == 0;

	if (!in_env && strcmp(text, "record") != 0)
		return lb_board_refuse(what, "must be \"record\" or \"uboot-env\", not \"%s\"",
				       lb_board_show(text).text);
	board->slot_store = in_env ? LB_SLOT_STORE_UBOOT_ENV : LB_SLOT_STORE_RECORD;
	return 0;
}

static int set_scheme(struct lb_board *board, const char *text, char *what)
{
	int scheme = lb_bootenv_scheme_by_name(text);

	_Static_assert(LB_BOOTENV_SCHEME_COUNT == 5, "the sentence below lists the schemes");
	if (scheme < 0)
		return lb_board_refuse(
			what, "must be \"%s\", \"%s\", \"%s\", \"%s\" or \"%s\", not \"%s\"",
			lb_bootenv_scheme_name(0), lb_bootenv_scheme_name(1),
			lb_bootenv_scheme_name(2), lb_bootenv_scheme_name(3),
			lb_bootenv_scheme_name(4), lb_board_show(text).text);
	board->slot_scheme = (enum lb_bootenv_scheme)scheme;
	return 0;
}

static int set_handover(struct lb_board *board, const char *text, char *what)
{
	const bool keep = strcmp(text, "keep") == 0;

	if (!keep && strcmp(text, "disarm") != 0)
		return lb_board_refuse(what, "must be \"disarm\" or \"keep\", not \"%s\"",
				       lb_board_show(text).text);
	board->watchdog_handover = keep ? LB_HANDOVER_KEEP : LB_HANDOVER_DISARM;
	return 0;
}

static int set_takeover(struct lb_board *board, const char *text, char *what)
{
	int takeover = lb_takeover_by_name(text);

	_Static_assert(LB_TAKEOVER_COUNT == 5, "the sentence below lists the ways");
	if (takeover < 0)
		return lb_board_refuse(
			what, "must be \"%s\", \"%s\", \"%s\", \"%s\" or \"%s\", not \"%s\"",
			lb_takeover_name(0), lb_takeover_name(1), lb_takeover_name(2),
			lb_takeover_name(3), lb_takeover_name(4), lb_board_show(text).text);
	board->takeover = (enum lb_takeover_way)takeover;
	return 0;
}

static bool is_place(const char *text)
{
	static const char *const prefixes[] = {"PARTLABEL=", "PARTUUID=", "MTD=", "UBI="};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
			return text[strlen(prefixes[i])] != '\0';
	return text[0] == '/';
}

static int add_env(struct lb_board *board, const char *text, char *what)
{
	struct lb_bootenv_place place;

	if (lb_bootenv_place_parse(&place, text) < 0 || !is_place(place.device))
		return lb_board_refuse(
			what,
			"must list a place, an offset, a size and for flash that of its erase "
			"blocks, such as \"MTD=u-boot-env 0x0 0x10000 0x10000\", not \"%s\"",
			lb_board_show(text).text);
	if (board->slot_env_count == LB_BOOTENV_COPIES)
		return lb_board_refuse(what, "must list at most %d places", LB_BOOTENV_COPIES);
	if (board->slot_env_count && board->slot_env[0].size_bytes != place.size_bytes)
		return lb_board_refuse(what, "must list two copies of the same size");
	board->slot_env[board->slot_env_count++] = place;
	return 0;
}

int lb_board_set_store(struct lb_board *board, enum lb_board_kind kind, const char *text,
		       char what[LB_SENTENCE_MAX])
{
	if (kind == LB_KIND_SLOT_SCHEME)
		return set_scheme(board, text, what);
	if (kind == LB_KIND_HANDOVER)
		return set_handover(board, text, what);
	if (kind == LB_KIND_TAKEOVER)
		return set_takeover(board, text, what);
	return kind == LB_KIND_ENV_PLACE ? add_env(board, text, what)
					 : set_store(board, text, what);
}

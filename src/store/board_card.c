#include "store/board_card.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/place.h"
#include "store/board_say.h"

#define MIB_MAX	      4194304 /* 4 TiB: more has no card, and no sum of them overflows */
#define MBR_PARTS_MAX 4

static int set_table(struct lb_board *board, const char *text, char *what)
{
	const bool mbr = strcmp(text, "mbr") == 0;

	if (!mbr && strcmp(text, "gpt") != 0)
		return lb_board_refuse(what, "must be \"gpt\" or \"mbr\", not \"%s\"",
				       lb_board_show(text).text);
	board->card.kind = mbr ? LB_PTABLE_MBR : LB_PTABLE_GPT;
	return 0;
}

static bool is_name(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("._-", text[i]))
			return false;
	return n > 0 && n < LB_CARD_NAME_MAX;
}

/* "rest", or "16 MiB": how many, 0 for the rest. */
static int parse_size(const char *text, unsigned *mib)
{
	unsigned long n;
	char *end;

	if (strcmp(text, "rest") == 0) {
		*mib = 0;
		return 0;
	}
	if (!isdigit((unsigned char)text[0]) || strlen(text) > sizeof("4194304 MiB"))
		return LB_E(FORMAT);
	n = strtoul(text, &end, 10);
	if (strcmp(end, " MiB") != 0 || n == 0 || n > MIB_MAX)
		return LB_E(FORMAT);
	*mib = (unsigned)n;
	return 0;
}

static int add_part(struct lb_board *board, const char *text, char *what)
{
	struct lb_ptable_layout *l = &board->card;
	struct lb_ptable_layout_part part = {0};
	const size_t n = strcspn(text, " ");

	if (!is_name(text, n) || text[n] != ' ' || parse_size(text + n + 1, &part.mib) < 0)
		return lb_board_refuse(
			what,
			"must list names and sizes such as \"lifeboat 1 MiB\" or \"rootfs "
			"rest\", not \"%s\"",
			lb_board_show(text).text);
	memcpy(part.name, text, n);
	if (l->count == LB_CARD_PARTS_MAX)
		return lb_board_refuse(what, "must list at most %d partitions", LB_CARD_PARTS_MAX);
	if (l->count && l->part[l->count - 1].mib == 0)
		return lb_board_refuse(what, "must have \"rest\" behind the last partition only");
	if (lb_ptable_layout_find(l, part.name))
		return lb_board_refuse(what, "lists \"%s\" twice: give each its own name",
				       part.name);
	l->part[l->count++] = part;
	return 0;
}

int lb_board_set_card(struct lb_board *board, enum lb_board_kind kind, const char *text,
		      char what[LB_SENTENCE_MAX])
{
	return kind == LB_KIND_CARD_PART ? add_part(board, text, what)
					 : set_table(board, text, what);
}

/* "mmcblk0" has "mmcblk0p2", "sda" has "sda2". */
static unsigned number_of_node(const struct lb_board *board, const char *node)
{
	char name[LB_PATH_MAX + 16];

	for (unsigned i = 1; i <= board->card.count; i++) {
		const size_t n = strlen(board->card_device);
		const bool digit = isdigit((unsigned char)board->card_device[n - 1]);

		(void)snprintf(name, sizeof(name), "%s%s%u", board->card_device, digit ? "p" : "",
			       i);
		if (strcmp(name, node) == 0)
			return i;
	}
	return 0;
}

unsigned lb_board_card_number(const struct lb_board *board, const char *place)
{
	static const char label[] = "PARTLABEL=";
	const size_t n = strlen(label);

	if (!board->card_device[0])
		return 0;
	if (strncmp(place, label, n) != 0)
		return number_of_node(board, place);
	return board->card.kind == LB_PTABLE_GPT ? lb_ptable_layout_find(&board->card, place + n)
						 : 0;
}

const char *lb_board_card_wrong(const struct lb_board *board)
{
	if (!board->card_device[0] && board->card.count == 0)
		return NULL;
	if (!board->card_device[0])
		return "card.partitions needs card.device: say which disk is the card";
	if (board->card.count == 0)
		return "card.device needs card.partitions: say what is to be on the card";
	if (board->card.kind == LB_PTABLE_MBR && board->card.count > MBR_PARTS_MAX)
		return "card.partitions lists more than the 4 partitions that an \"mbr\" has room "
		       "for";
	if (board->slot_count == 0 && lb_board_card_number(board, board->root) == 0)
		return "card.partitions does not have storage.root: with \"gpt\" name it as in "
		       "PARTLABEL=..., or let storage.root be card.device with the number behind it";
	return NULL;
}

bool lb_board_card_lacks_record(const struct lb_board *board)
{
	const size_t n = strlen(board->card_device);
	char place[LB_PATH_MAX];

	(void)lb_place_split(board->record, place);
	if (n == 0 || lb_board_card_number(board, place) > 0)
		return false;
	return strncmp(place, "PARTLABEL=", 10) == 0 || strncmp(place, board->card_device, n) == 0;
}

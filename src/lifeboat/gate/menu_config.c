#include "lifeboat/gate/menu_config.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "plan/cmdline.h"

#define TOO_LONG "..." /* no number for lb_menu_ask() either */

struct word {
	char text[LB_NAME_MAX]; /* "" = it is not there */
};

static struct word word_of(const char *cmdline, const char *key)
{
	struct word w = {""};
	const int n = lb_cmdline_get(cmdline, key, w.text, sizeof(w.text));

	if (n == LB_E(NOSPC))
		(void)snprintf(w.text, sizeof(w.text), TOO_LONG);
	return w;
}

static void complain(const struct lb_board *b, const char *key, const char *word, unsigned from,
		     const char *instead)
{
	if (b->menu_mode_count == 0)
		log_warn("%s= on the kernel command line: this board has no rescue modes "
			 "(menu.modes of the board file); a normal boot follows",
			 key);
	else
		log_warn("%s=%s on the kernel command line is no mode of this board (they count "
			 "from %u): %s",
			 key, word, from, instead);
}

struct lb_menu_config lb_menu_config(const struct lb_board *board, const char *cmdline)
{
	struct lb_menu_config c = lb_menu_defaults();
	const struct word start = word_of(cmdline, "rescue_mode");
	const struct word force = word_of(cmdline, "force_mode");
	const bool starts = start.text[0] != '\0', forces = force.text[0] != '\0';

	memset(c.next, 0, sizeof(c.next));
	for (size_t i = 0; i < board->menu_mode_count; i++)
		c.next[board->menu_modes[i]] =
			(uint8_t)board->menu_modes[(i + 1) % board->menu_mode_count];
	c.start = board->menu_start;
	c.hold_ms = starts ? 0 : board->menu_hold_ms; /* the boot loader has sensed the button */
	c.wait_ms = board->menu_wait_ms;
	c.back_ms = board->menu_back_ms;
	c.debounce_ms = board->debounce_ms;
	if (forces && !lb_menu_ask(&c, NULL, force.text))
		complain(board, "force_mode", force.text, 1, "nothing is forced");
	if (starts && !c.forced && !lb_menu_ask(&c, start.text, NULL))
		complain(board, "rescue_mode", start.text, 0,
			 "the menu begins where the board file says");
	return c;
}

struct address {
	char text[INET_ADDRSTRLEN];
};

static struct address address_of(const struct lb_board *board)
{
	const struct in_addr own = {.s_addr = htonl(board->address)};
	struct address a = {""};

	(void)inet_ntop(AF_INET, &own, a.text, sizeof(a.text));
	return a;
}

struct lb_menu_text lb_menu_text(const struct lb_board *board, unsigned mode)
{
	struct lb_menu_text t;

	if (mode == LB_MODE_SSH)
		(void)snprintf(t.text, sizeof(t.text), "%s on %s", lb_mode_help(mode),
			       address_of(board).text);
	else
		(void)snprintf(t.text, sizeof(t.text), "%s", lb_mode_help(mode));
	return t;
}

struct lb_menu_text lb_menu_advice(const struct lb_board *board, unsigned mode)
{
	struct lb_menu_text t = {"do not switch the router off"};

	if (mode == LB_MODE_SSH)
		(void)snprintf(t.text, sizeof(t.text),
			       "give a PC on a LAN port an address of the network %s/%u, then "
			       "'ssh root@%s', without a password",
			       address_of(board).text, board->prefix_bits, address_of(board).text);
	else if (mode == LB_MODE_SHELL)
		(void)snprintf(t.text, sizeof(t.text),
			       "the shell is on this console; 'reboot' or a press of the button "
			       "ends it");
	return t;
}

unsigned lb_menu_typed(const char *line)
{
	const char *digit = line + strspn(line, " \t");

	if (*digit < '1' || *digit > '0' + LB_MODE_COUNT)
		return 0;
	return digit[1 + strspn(digit + 1, " \t")] ? 0 : (unsigned)(*digit - '0');
}

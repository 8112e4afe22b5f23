/* store/board_ports.h - the keys of a board file that list LAN and WAN ports. */
#pragma once

#include "base/err.h"
#include "store/board.h"
#include "store/board_keys.h"

/* May a network device have this name? The kernel's own rules. */
bool lb_board_is_port_name(const char *text);

/* Add one port: LB_KIND_LAN_PORT or LB_KIND_WAN_PORT; a port may be both. 0, or LB_E(FORMAT)
 * with `board` untouched and `what` the rest of a sentence that begins with the key.
 */
MUST_CHECK int lb_board_add_port(struct lb_board *board, enum lb_board_kind kind, const char *text,
				 char what[LB_SENTENCE_MAX]);

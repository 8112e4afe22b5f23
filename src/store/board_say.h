/* store/board_say.h - what sentences about a board file are made of. */
#pragma once

#include "base/err.h"
#include "store/board_keys.h"
#include "tables/limits.h"

/* Text from the file as a sentence may show it: cut, and nothing but printable ASCII. */
struct lb_shown {
	char text[49];
};
struct lb_shown lb_board_show(const char *text);

/* "lan.address", "profile". */
struct lb_shown lb_board_key_path(const struct lb_board_key *key);

/* What is wrong with a value, into `what`. Returns LB_E(FORMAT). */
PRINTF_LIKE(2, 3) int lb_board_refuse(char what[LB_SENTENCE_MAX], const char *fmt, ...);

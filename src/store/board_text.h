/* store/board_text.h - a board file made safe for libConfuse's lexer.
 *
 * libConfuse 3.3 counts lines wrong after a comment, takes none inside a list, replaces ${NAME} by
 * the environment, skips characters that it does not know, and does not say where an open quote or
 * brace began. This pass blanks the comments and refuses the rest with the right line.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "tables/limits.h"

#define LB_BOARD_FILE_MAX 65536 /* the shipped board files are below 4 KiB, mostly comments */

/* Write n bytes of text, comments blanked, and a NUL to `out` (n + 1 bytes). 0, or LB_E(FORMAT)
 * with `why` a sentence without the place, which is *line. */
MUST_CHECK int lb_board_text_clean(char *out, const void *text, size_t n, unsigned *line,
				   char why[LB_SENTENCE_MAX]);

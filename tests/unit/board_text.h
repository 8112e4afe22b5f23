/* tests/unit/board_text.h - board files as texts: what is read from them, and with which sentence
 * they are refused. */
#pragma once

#include "tests/t.h"

#include "store/board_parse.h"

static char why[LB_SENTENCE_MAX];

static int parse(struct lb_board *out, const char *text)
{
	return lb_board_parse(out, NULL, text, strlen(text), "b.conf", why);
}

/* The sentence must be this one, the outputs must be as before. */
static void assert_refused(const char *text, const char *sentence)
{
	struct lb_board board, before;
	struct lb_board_lines lines, lines_before;

	memset(&board, 0x5A, sizeof(board));
	memset(&lines, 0x5A, sizeof(lines));
	before = board;
	lines_before = lines;
	assert_int_equal(lb_board_parse(&board, &lines, text, strlen(text), "b.conf", why),
			 LB_E(FORMAT));
	assert_string_equal(why, sentence);
	assert_memory_equal(&board, &before, sizeof(board));
	assert_memory_equal(&lines, &lines_before, sizeof(lines));
}

/* plan/uci.h - read a configuration file of OpenWrt's UCI (/etc/config/NAME), one statement after
 * another (pure).
 *
 * The format: statements of words, one on a line or parted by ';'. `config TYPE [NAME]` begins a
 * section, `option NAME VALUE` and `list NAME VALUE` belong to it; `package NAME` may come first
 * and means nothing here. Words are parted by blanks; 'single quotes' take everything as it is,
 * "double quotes" and bare words know \ before a byte; pieces without a blank between them are one
 * word. Quotes may span lines. # outside of quotes begins a comment. CR counts as a blank.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "base/err.h"
#include "tables/limits.h"

enum lb_uci_kind {
	LB_UCI_CONFIG, /* name = its type, value = its name, "" for an anonymous section */
	LB_UCI_OPTION,
	LB_UCI_LIST,
};

struct lb_uci_item {
	enum lb_uci_kind kind;
	unsigned line; /* where the statement begins, from 1 */
	char name[LB_NAME_MAX];
	char value[LB_PATH_MAX];
};

struct lb_uci {
	struct lb_rd in;
	unsigned line;
	bool in_section;
	/* After an error: where, and what is wrong as part of a sentence. */
	unsigned wrong_line;
	char wrong[LB_SENTENCE_MAX / 2];
};

/* The buffer must outlive `u`. */
void lb_uci_begin(struct lb_uci *u, const void *buf, size_t n);

/* 1: the next statement is in `out`. 0: there are no more. LB_E(FORMAT): u->wrong says what is not
 * UCI; `out` is untouched, and every later call fails the same way. */
MUST_CHECK int lb_uci_next(struct lb_uci *u, struct lb_uci_item *out);

/* Does the value of an option mean yes? As OpenWrt reads it: 1, on, true, yes, enabled. */
bool lb_uci_is_on(const char *value);

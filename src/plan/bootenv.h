/* plan/bootenv.h - two slots as the environment of a boot loader knows them (pure).
 *
 * The boot loader chooses the slot and counts; it knows one number for that. The rest of what is
 * known of the slots lies in variables of our own beside it, which it keeps and does not read.
 * docs/uboot.md has the names.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/slots.h"
#include "tables/limits.h"

enum lb_bootenv_scheme {
#define BOOTENV_SCHEME(id, name, help) LB_BOOTENV_##id,
#define BOOTENV_SLOT(scheme, variable, first, second)
#define BOOTENV_GOOD(variable, value)
#include "tables/bootenv.def"
#undef BOOTENV_SCHEME
#undef BOOTENV_SLOT
#undef BOOTENV_GOOD
	LB_BOOTENV_SCHEME_COUNT
};

/* "lifeboat", "linksys-mvebu", ... */
const char *lb_bootenv_scheme_name(enum lb_bootenv_scheme scheme);

/* The scheme of that name, or LB_E(NOENT). */
MUST_CHECK int lb_bootenv_scheme_by_name(const char *name);

/* One variable: what it is to be, or what it is. */
struct lb_bootenv_var {
	char name[LB_BOOTENV_NAME_MAX];
	char value[LB_BOOTENV_VALUE_MAX]; /* "" = not there, or to be removed */
	bool only_if_there;		  /* not to be made where it is not there yet */
};

struct lb_bootenv_vars {
	size_t count;
	struct lb_bootenv_var var[LB_BOOTENV_VARS_MAX];
};

/* Every variable that the scheme is about, without values: to be filled with what the environment
 * has, and given to lb_bootenv_decode(). A value that does not fit is no value of ours: leave it
 * "". */
void lb_bootenv_ask(struct lb_bootenv_vars *out, enum lb_bootenv_scheme scheme);

/* What that says of the slots, `tries` being the board's. The boot loader has counted the present
 * boot. Whatever stands there, the result is one that can be encoded. */
void lb_bootenv_decode(struct lb_slots_state *out, const struct lb_bootenv_vars *vars,
		       enum lb_bootenv_scheme scheme, unsigned tries);

/* What is to stand there, `rules` being the board's. */
void lb_bootenv_encode(struct lb_bootenv_vars *out, const struct lb_slots_state *s,
		       enum lb_bootenv_scheme scheme, const struct lb_slots_rules *rules);

/* Does the boot loader know after how many boots the board toggles? It counts only then. */
bool lb_bootenv_knows_toggle(const struct lb_bootenv_vars *vars, enum lb_bootenv_scheme scheme,
			     unsigned toggle);

/* The counters of all boot loaders that we know, set back: the running system proved itself. */
void lb_bootenv_good(struct lb_bootenv_vars *out);

/* Where a copy of an environment lies: the words of a line of /etc/fw_env.config, but for the
 * first, which is a place as a board file writes it. */
struct lb_bootenv_place {
	char device[LB_PATH_MAX];
	uint64_t off_bytes;
	uint32_t size_bytes;   /* of the environment */
	uint32_t sector_bytes; /* of flash: what is erased together; 0 = the size */
};

/* "MTD=u-boot-env 0x0 0x1000 0x40000". LB_E(FORMAT), with `out` untouched: something else. */
MUST_CHECK int lb_bootenv_place_parse(struct lb_bootenv_place *out, const char *text);

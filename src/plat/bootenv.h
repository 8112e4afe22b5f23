/* plat/bootenv.h - the environment of a boot loader: names and values that survive.
 *
 * Providers: plat/linux/disk/bootenv.h, plat/fake/bootenv.h. The provider owns `ctx`.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"

struct plat_bootenv {
	void *ctx;
	/* 0, or with `out` untouched LB_E(NOENT) no such variable, LB_E(NOSPC) its value does not
	 * fit. */
	int (*get)(void *ctx, const char *name, char *out, size_t size);
	/* In memory; "" removes the variable. */
	int (*set)(void *ctx, const char *name, const char *value);
	/* All that was set reaches the medium, and is read back; after a power cut all of it is
	 * there or nothing, where the medium keeps two copies. LB_E(IO). */
	int (*commit)(void *ctx);
};

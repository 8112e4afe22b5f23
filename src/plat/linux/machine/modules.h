/* plat/linux/machine/modules.h - kernel modules from a list, in its order: no modprobe, no aliases,
 * no surprises. */
#pragma once

/* Load every module that the list names (one absolute path per line, with parameters behind it; #
 * starts a comment). A module that fails is said once and skipped; one that is loaded already is
 * fine. Calls between() after each. Returns how many were loaded, or LB_E(NOENT) without a list (a
 * kernel that has everything built in needs none). */
int lb_modules_load(const char *list_path, void (*between)(void *ctx), void *ctx);

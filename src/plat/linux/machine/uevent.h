/* plat/linux/machine/uevent.h - what the kernel says of a device: the lines KEY=value of its uevent
 * file.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* The kernel writes a dozen short lines; a GPT name has at most 108 bytes. */
#define LB_UEVENT_BYTES 1024

/* The value of the line "KEY=value". False, with `out` untouched, when there is no such line or no
 * room for its value. */
bool lb_uevent_get(const char *uevent, const char *key, char *out, size_t size);

/* plan/boot_counter.h - one entry of the boot counter of Linksys' boot loaders (pure): a log on
 * flash, the last entry of which is how many boots were begun and not called good. From three on
 * the loader boots the other slot.
 *
 * magic 0x20110811, count, checksum = magic + count, each 4 bytes in the order of the processor.
 * OpenWrt's lib/upgrade of those targets.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_BOOT_COUNTER_BYTES 12
#define LB_BOOT_COUNTER_STRIDE \
	16 /* entries are this far apart, or a page of the flash if it is larger */

/* The count of an entry. 0, or with `count` untouched: LB_E(NOENT) nothing was written there yet,
 * LB_E(CRC) an entry that is not whole, LB_E(FORMAT) something else. */
MUST_CHECK int lb_boot_counter_parse(uint32_t *count, const uint8_t entry[LB_BOOT_COUNTER_BYTES]);

void lb_boot_counter_make(uint8_t entry[LB_BOOT_COUNTER_BYTES], uint32_t count);

#include "plan/boot_counter.h"

#include <string.h>

#define MAGIC  0x20110811u
#define ERASED 0xffffffffu

/* In the order of the processor: the loader runs on the same one. */
struct entry {
	uint32_t magic, count, checksum;
};

_Static_assert(sizeof(struct entry) == LB_BOOT_COUNTER_BYTES, "as it lies on flash");

int lb_boot_counter_parse(uint32_t *count, const uint8_t entry[LB_BOOT_COUNTER_BYTES])
{
	struct entry e;

	memcpy(&e, entry, sizeof(e));
	if (e.magic == ERASED && e.count == ERASED && e.checksum == ERASED)
		return LB_E(NOENT);
	if (e.magic != MAGIC)
		return LB_E(FORMAT);
	if (e.checksum != e.magic + e.count)
		return LB_E(CRC);
	*count = e.count;
	return 0;
}

void lb_boot_counter_make(uint8_t entry[LB_BOOT_COUNTER_BYTES], uint32_t count)
{
	const struct entry e = {.magic = MAGIC, .count = count, .checksum = MAGIC + count};

	memcpy(entry, &e, sizeof(e));
}

/* The input is the start of an erase block. */
#include "tests/fuzz/fuzz.h"

#include "image/flash_block.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const enum lb_flash_look look = lb_flash_look(data, n);
	bool blank = true;

	for (size_t i = 0; i < n; i++)
		blank = blank && data[i] == 0xFF;
	CHECK(look <= LB_FLASH_OTHER);
	CHECK(blank == (look == LB_FLASH_BLANK));
	/* What is taken for a file system has something in it; what is taken for free has not. */
	CHECK(look != LB_FLASH_NODE || lb_flash_has_node(data, n));
	if (look == LB_FLASH_CLEAN) {
		CHECK(n >= 12 && memcmp(data, "LB", 2) != 0);
		for (size_t i = 12; i < n; i++)
			CHECK(data[i] == 0xFF);
	}
	return 0;
}

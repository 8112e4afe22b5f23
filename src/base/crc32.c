#include "base/crc32.h"

#include <libdeflate.h>

uint32_t lb_crc32(uint32_t crc, const void *data, size_t n)
{
	/* Without data libdeflate gives the start value, whatever went before. */
	return n > 0 ? libdeflate_crc32(crc, data, n) : crc;
}

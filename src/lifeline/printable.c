#include "lifeline/printable.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static const struct {
	uint32_t first, last;
} unwanted[] = {
	{0x0000, 0x001F}, {0x007F, 0x009F}, {0x00AD, 0x00AD}, {0x061C, 0x061C},
	{0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F}, {0xD800, 0xDFFF},
	{0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF}, {0xE0000, 0xE0FFF},
};

static bool is_wanted(uint32_t code)
{
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		if (code >= unwanted[i].first && code <= unwanted[i].last)
			return false;
	return code <= 0x10FFFF;
}

static size_t sequence_bytes(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xC2 && lead <= 0xDF)
		return 2;
	if (lead >= 0xE0 && lead <= 0xEF)
		return 3;
	return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

/* The length of the printable character at the start of `s`, or 0. The NUL that ends the text is no
 * continuation byte, so a sequence that is cut off is never read past it. */
static size_t printable_bytes(const char *s)
{
	static const uint8_t lead_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n = sequence_bytes((uint8_t)s[0]);
	uint32_t code = (uint8_t)s[0] & lead_bits[n];

	for (size_t i = 1; i < n; i++) {
		uint8_t c = (uint8_t)s[i];

		if ((c & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (c & 0x3F);
	}
	return n > 0 && code >= smallest[n] && is_wanted(code) ? n : 0;
}

void lb_printable(char *text)
{
	while (*text) {
		size_t n = printable_bytes(text);

		if (n == 0)
			*text = '?';
		text += n > 0 ? n : 1;
	}
}

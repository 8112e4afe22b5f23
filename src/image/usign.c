#include "image/usign.h"

#include <stdbool.h>
#include <string.h>

#include "base/bytes.h"

#define COMMENT	     "untrusted comment: "
#define PUBLIC_BYTES 42
#define SIGNED_BYTES 74
#define SECRET_BYTES 104
#define ID_BYTES     8

static int value_of(uint8_t c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* How many bytes a line of base64 holds, or LB_E(FORMAT). Stray bits at its end are refused: one
 * signature has one form. */
static int decode(uint8_t *out, size_t size, const uint8_t *text, size_t n)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t used = 0, padding = 0;

	if (n % 4 != 0)
		return LB_E(FORMAT);
	while (n > 0 && padding < 2 && text[n - 1] == '=') {
		n--;
		padding++;
	}
	for (size_t i = 0; i < n; i++) {
		int v = value_of(text[i]);

		if (v < 0)
			return LB_E(FORMAT);
		bits = bits << 6 | (uint32_t)v;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		if (used == size)
			return LB_E(FORMAT);
		out[used++] = (uint8_t)(bits >> have);
	}
	return (bits & ((1u << have) - 1)) ? LB_E(FORMAT) : (int)used;
}

static const uint8_t *take_line(struct lb_rd *r, size_t *len)
{
	struct lb_rd ahead = *r;
	const uint8_t *line;
	size_t n = 0;

	while (lb_rd_left(&ahead) > 0 && lb_rd_u8(&ahead) != '\n')
		n++;
	line = lb_rd_take(r, n);
	if (lb_rd_left(r) > 0)
		(void)lb_rd_u8(r);
	if (n > 0 && line[n - 1] == '\r')
		n--;
	*len = n;
	return line;
}

/* The comment's text and the decoded bytes. How many there are, or LB_E(FORMAT). */
static int read_file(uint8_t blob[SECRET_BYTES], struct lb_rd *comment, const void *text, size_t n)
{
	const size_t prefix = sizeof(COMMENT) - 1;
	struct lb_rd r = lb_rd_init(text, n);
	size_t len;
	const uint8_t *line = take_line(&r, &len);

	if (n > LB_USIGN_TEXT_MAX || len < prefix || memcmp(line, COMMENT, prefix) != 0)
		return LB_E(FORMAT);
	*comment = lb_rd_init(line + prefix, len - prefix);
	line = take_line(&r, &len);
	return decode(blob, SECRET_BYTES, line, len);
}

static void id_text(char out[LB_USIGN_ID_TEXT], struct lb_rd *r)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < ID_BYTES; i++) {
		uint8_t b = lb_rd_u8(r);

		out[2 * i] = hex[b >> 4];
		out[2 * i + 1] = hex[b & 15];
	}
	out[2 * ID_BYTES] = '\0';
}

/* Skip the name of the algorithm. */
static int check_kind(struct lb_rd *r, int len, int wanted)
{
	const uint8_t *algorithm = lb_rd_take(r, 2);

	if (len != wanted)
		return len == SECRET_BYTES ? LB_E(UNSUP) : LB_E(FORMAT);
	return memcmp(algorithm, "Ed", 2) == 0 ? 0 : LB_E(UNSUP);
}

int lb_usign_key_parse(struct lb_usign_key *out, const void *text, size_t n)
{
	uint8_t blob[SECRET_BYTES] = {0};
	struct lb_rd comment, r = lb_rd_init(blob, sizeof(blob));
	struct lb_usign_key key = {0};
	int len = read_file(blob, &comment, text, n);
	int rc = len < 0 ? len : check_kind(&r, len, PUBLIC_BYTES);

	if (rc < 0)
		return rc;
	id_text(key.id, &r);
	memcpy(key.key, lb_rd_take(&r, sizeof(key.key)), sizeof(key.key));
	for (size_t i = 0; i < sizeof(key.comment) - 1 && lb_rd_left(&comment) > 0; i++) {
		uint8_t c = lb_rd_u8(&comment);

		key.comment[i] = c >= ' ' && c <= '~' ? (char)c : '?';
	}
	*out = key;
	return 0;
}

int lb_usign_signature_parse(struct lb_usign_signature *out, const void *text, size_t n)
{
	uint8_t blob[SECRET_BYTES] = {0};
	struct lb_rd comment, r = lb_rd_init(blob, sizeof(blob));
	struct lb_usign_signature s = {0};
	int len = read_file(blob, &comment, text, n);
	int rc = len < 0 ? len : check_kind(&r, len, SIGNED_BYTES);

	if (rc < 0)
		return rc;
	id_text(s.id, &r);
	memcpy(s.signature, lb_rd_take(&r, sizeof(s.signature)), sizeof(s.signature));
	*out = s;
	return 0;
}

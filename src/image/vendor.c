/* Headers of makers. Source of the layouts: the facts on vendor protocols, 8b. */
#include <stdio.h>
#include <string.h>

#include "base/crc32.h"
#include "image/formats.h"

#define CHK_FIXED      40 /* up to the board id */
#define CHK_HEADER_MAX 256
#define DNI_HEADER     128
#define UBNT_TEXT      256
#define SEAMA_HEADER   12u
#define SEAMA_MD5      16u

int lb_parse_xiaomi(struct lb_image *out, struct lb_rd head)
{
	uint32_t signature_at;

	(void)lb_rd_be32(&head);
	signature_at = lb_rd_le32(&head);
	(void)lb_rd_take(&head, 6); /* a checksum whose range is not known, 0 */
	(void)snprintf(out->board, sizeof(out->board), "xiaomi device %u",
		       (unsigned)lb_rd_le(&head, 2));
	if (head.bad)
		return LB_E(TRUNC);
	if (signature_at < 48)
		return LB_E(RANGE);
	out->length_bytes = signature_at;
	return 0;
}

int lb_parse_chk(struct lb_image *out, struct lb_rd head)
{
	uint32_t header_len;
	uint64_t kernel_len, root_len;

	(void)lb_rd_be32(&head);
	header_len = lb_rd_be32(&head);
	(void)lb_rd_take(&head, 16); /* region, checksums of kernel and root */
	kernel_len = lb_rd_be32(&head);
	root_len = lb_rd_be32(&head);
	(void)lb_rd_take(&head, 8); /* checksums of image and header */
	if (head.bad)
		return LB_E(TRUNC);
	if (header_len <= CHK_FIXED || header_len > CHK_HEADER_MAX)
		return LB_E(RANGE);
	if (lb_rd_left(&head) < header_len - CHK_FIXED)
		return LB_E(TRUNC);
	lb_image_text(out->board, &head, header_len - CHK_FIXED);
	out->length_bytes = header_len + kernel_len + root_len;
	return 0;
}

/* The value behind "key:" at the start of a line of the text header. */
static void dni_value(char out[LB_NAME_MAX], const char *text, const char *key)
{
	const char *line = text;
	size_t len = strlen(key);

	while (line && strncmp(line, key, len) != 0) {
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	if (line)
		(void)snprintf(out, LB_NAME_MAX, "%.*s", (int)strcspn(line + len, "\r\n"),
			       line + len);
}

static void make_printable(char *text)
{
	for (; *text; text++)
		if ((*text < ' ' || *text > '~') && *text != '\n' && *text != '\r')
			*text = '?';
}

/* The last byte of the file makes the sum of all of them 0xFF. */
int lb_parse_dni(struct lb_image *out, struct lb_rd head)
{
	char text[DNI_HEADER + 1];
	const uint8_t *header = lb_rd_take(&head, DNI_HEADER);

	if (!header)
		return LB_E(TRUNC);
	memcpy(text, header, DNI_HEADER);
	text[DNI_HEADER] = '\0';
	make_printable(text);
	dni_value(out->board, text, "device:");
	dni_value(out->version, text, "version:");
	out->length_bytes = DNI_HEADER + 1;
	out->sum_count = 1;
	out->sums[0] = (struct lb_image_sum){LB_SUM_BYTES, 0, UINT64_MAX, 0xFF};
	return 0;
}

int lb_parse_ubnt(struct lb_image *out, struct lb_rd head)
{
	const size_t summed = 4 + UBNT_TEXT;
	const uint8_t *header = lb_rd_take(&head, summed);
	uint32_t crc = lb_rd_be32(&head);
	struct lb_rd text;

	if (head.bad)
		return LB_E(TRUNC);
	if (lb_crc32(0, header, summed) != crc)
		return LB_E(CRC);
	text = lb_rd_init(header + 4, UBNT_TEXT);
	lb_image_text(out->version, &text, UBNT_TEXT);
	/* "XM.ar7240.v5.5.4...": what stands before the first dot names the family of boards. */
	(void)snprintf(out->board, sizeof(out->board), "%.*s", (int)strcspn(out->version, "."),
		       out->version);
	out->length_bytes = summed + 4;
	return 0;
}

/* Meta data are strings, each with its NUL: "dev=/dev/mtdblock/2",
 * "signature=wrgac13_dlink.2013_dir868l". */
static void seama_board(char out[LB_NAME_MAX], struct lb_rd meta)
{
	static const char key[] = "signature=";

	while (lb_rd_left(&meta) > 0) {
		struct lb_rd one = meta;
		const uint8_t *start = lb_rd_take(&meta, 1);
		size_t n = 1;

		while (lb_rd_left(&meta) > 0 && start[n - 1] != 0) {
			(void)lb_rd_take(&meta, 1);
			n++;
		}
		if (n < sizeof(key) || memcmp(start, key, sizeof(key) - 1) != 0)
			continue;
		(void)lb_rd_take(&one, sizeof(key) - 1);
		lb_image_text(out, &one, n - (sizeof(key) - 1));
		return;
	}
}

int lb_parse_seama(struct lb_image *out, struct lb_rd head)
{
	uint16_t meta_len;
	uint32_t data_len;
	struct lb_rd meta;

	(void)lb_rd_be32(&head);
	(void)lb_rd_be16(&head);
	meta_len = lb_rd_be16(&head);
	data_len = lb_rd_be32(&head);
	if (data_len > 0)
		(void)lb_rd_take(&head, SEAMA_MD5);
	meta = lb_rd_sub(&head, meta_len);
	if (head.bad)
		return LB_E(TRUNC);
	seama_board(out->board, meta);
	out->length_bytes =
		SEAMA_HEADER + (data_len ? SEAMA_MD5 : 0) + (uint64_t)meta_len + data_len;
	return 0;
}

#include "store/settings_write.h"

#include <stdbool.h>
#include <stdlib.h>

#include <sodium.h>
#include <zlib.h>

#include "image/tar_write.h"

#define GZIP_WRAP  16	 /* with the header 1F 8B 08 00, by which OpenWrt knows a raw archive */
#define TAR_RECORD 10240 /* tar(1) pads to this */

struct lb_settings_writer {
	const struct lb_settings_sink *to;
	z_stream z;
	bool begun;
	char *text; /* lines of the members */
	size_t text_n, text_room;
	uint32_t count;
	uint64_t written_bytes; /* of tar */
	uint8_t out[4096];
};

int lb_settings_write_begin(struct lb_settings_writer **out, const struct lb_settings_sink *to)
{
	struct lb_settings_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return LB_E(NOSPC);
	w->to = to;
	if (deflateInit2(&w->z, Z_BEST_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP_WRAP, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		free(w);
		return LB_E(NOSPC);
	}
	w->begun = true;
	*out = w;
	return 0;
}

void lb_settings_write_closep(struct lb_settings_writer **w)
{
	if (!*w)
		return;
	(void)deflateEnd(&(*w)->z);
	free((*w)->text);
	free(*w);
	*w = NULL;
}

int lb_settings_declare(struct lb_settings_writer *w, const struct lb_member *m)
{
	static char line[LB_MEMBER_LINE_MAX];
	int n = lb_manifest_put_member(line, sizeof(line), m);

	if (n < 0)
		return n;
	if (w->count == LB_MEMBERS_MAX ||
	    w->text_n + (size_t)n > LB_MANIFEST_BYTES_MAX - 2 * LB_MANIFEST_HEAD_MAX)
		return LB_E(RANGE);
	if (w->text_n + (size_t)n > w->text_room) {
		size_t room = 2 * w->text_room + sizeof(line);
		char *more = realloc(w->text, room);

		if (!more)
			return LB_E(NOSPC);
		w->text = more;
		w->text_room = room;
	}
	memcpy(w->text + w->text_n, line, (size_t)n);
	w->text_n += (size_t)n;
	w->count++;
	return 0;
}

static int squeeze(struct lb_settings_writer *w, const void *buf, size_t n, int flush)
{
	int rc;

	w->z.next_in = (Bytef *)(uintptr_t)buf;
	w->z.avail_in = (unsigned)n;
	do {
		w->z.next_out = w->out;
		w->z.avail_out = sizeof(w->out);
		rc = deflate(&w->z, flush);
		if (w->z.avail_out < sizeof(w->out)) {
			int sunk =
				w->to->write(w->to->ctx, w->out, sizeof(w->out) - w->z.avail_out);

			if (sunk < 0)
				return sunk;
		}
	} while (w->z.avail_out == 0);
	return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR ? 0 : LB_E(NOSPC);
}

static int put(struct lb_settings_writer *w, const void *buf, size_t n)
{
	w->written_bytes += n;
	return n > 0 ? squeeze(w, buf, n, Z_NO_FLUSH) : 0;
}

static int pad_to(struct lb_settings_writer *w, size_t multiple)
{
	static const uint8_t zeros[TAR_RECORD];
	size_t over = (size_t)(w->written_bytes % multiple);

	return over ? put(w, zeros, multiple - over) : 0;
}

int lb_settings_write_member(struct lb_settings_writer *w, const struct lb_member *m)
{
	static uint8_t header[LB_TAR_HEADER_MAX];
	int rc = pad_to(w, LB_TAR_BLOCK);
	int n = lb_tar_put_header(header, sizeof(header), m);

	if (rc == 0)
		rc = n < 0 ? n : put(w, header, (size_t)n);
	return rc;
}

int lb_settings_write_data(struct lb_settings_writer *w, const void *buf, size_t n)
{
	return put(w, buf, n);
}

int lb_settings_write_manifest(struct lb_settings_writer *w, const struct lb_manifest *head)
{
	struct lb_manifest with_count = *head;
	char first[LB_MANIFEST_HEAD_MAX], last[LB_MANIFEST_HEAD_MAX];
	crypto_hash_sha256_state sum;
	struct lb_member m = {.type = LB_MEMBER_FILE, .mode = 0600, .path = LB_MANIFEST_PATH};
	uint8_t hash[LB_HASH_BYTES];
	int first_n, last_n, rc;

	with_count.count = w->count;
	first_n = lb_manifest_put_head(first, sizeof(first), &with_count);
	if (first_n < 0)
		return first_n;
	(void)crypto_hash_sha256_init(&sum);
	(void)crypto_hash_sha256_update(&sum, (const uint8_t *)first, (unsigned)first_n);
	(void)crypto_hash_sha256_update(&sum, (const uint8_t *)w->text, w->text_n);
	(void)crypto_hash_sha256_final(&sum, hash);
	last_n = lb_manifest_put_end(last, sizeof(last), hash);
	if (last_n < 0)
		return last_n;
	m.size_bytes = w->text_n + (unsigned)first_n + (unsigned)last_n;
	rc = lb_settings_write_member(w, &m);
	if (rc == 0)
		rc = put(w, first, (unsigned)first_n);
	if (rc == 0)
		rc = put(w, w->text, w->text_n);
	return rc < 0 ? rc : put(w, last, (size_t)last_n);
}

int lb_settings_write_end(struct lb_settings_writer *w)
{
	static const uint8_t zeros[2 * LB_TAR_BLOCK];
	int rc = pad_to(w, LB_TAR_BLOCK);

	if (rc == 0)
		rc = put(w, zeros, sizeof(zeros));
	if (rc == 0)
		rc = pad_to(w, TAR_RECORD);
	return rc < 0 ? rc : squeeze(w, "", 0, Z_FINISH);
}

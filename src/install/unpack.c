#include "install/unpack.h"

#include <string.h>
#include <zstd_errors.h>

#define GZIP_WINDOW	    (15 + 16) /* the largest, with gzip's header and trailer */
#define ZSTD_WINDOW_LOG_MAX 23	      /* 8 MiB, which the format asks every decoder to have */

/* Bytes that a member of gzip, a stream of xz or a frame of zstd may start with. */
static bool may_go_on(enum lb_image_kind kind, uint8_t first)
{
	if (kind == LB_IMAGE_GZIP)
		return first == 0x1F;
	if (kind == LB_IMAGE_XZ)
		return first == 0xFD;
	return kind == LB_IMAGE_ZSTD && (first == 0x28 || (first & 0xF0) == 0x50);
}

int lb_unpack_open(struct lb_unpack *p, enum lb_image_kind kind, lb_unpack_sink *sink, void *ctx)
{
	bool ok = false;

	memset(p, 0, offsetof(struct lb_unpack, out));
	p->kind = kind;
	p->sink = sink;
	p->ctx = ctx;
	if (kind == LB_IMAGE_GZIP) {
		ok = inflateInit2(&p->u.gzip, GZIP_WINDOW) == Z_OK;
	} else if (kind == LB_IMAGE_XZ) {
		p->u.xz = (lzma_stream)LZMA_STREAM_INIT;
		ok = lzma_stream_decoder(&p->u.xz, LB_UNPACK_MEMORY_MAX, 0) == LZMA_OK;
	} else if (kind == LB_IMAGE_ZSTD) {
		p->u.zstd = ZSTD_createDStream();
		ok = p->u.zstd && !ZSTD_isError(ZSTD_DCtx_setParameter(
					  p->u.zstd, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX));
	} else {
		return LB_E(UNSUP);
	}
	p->open = true;
	if (ok)
		return 0;
	lb_unpack_close(p);
	return LB_E(NOSPC);
}

void lb_unpack_close(struct lb_unpack *p)
{
	if (!p->open)
		return;
	if (p->kind == LB_IMAGE_GZIP)
		(void)inflateEnd(&p->u.gzip);
	else if (p->kind == LB_IMAGE_XZ)
		lzma_end(&p->u.xz);
	else
		(void)ZSTD_freeDStream(p->u.zstd);
	p->open = false;
}

/* One call of a library: how much went in and out; error, between and done are set. */
struct turn {
	size_t in, out;
};

static struct turn turn_gzip(struct lb_unpack *p, const uint8_t *data, size_t n)
{
	z_stream *z = &p->u.gzip;
	int rc;

	z->next_in = (Bytef *)data;
	z->avail_in = (uInt)n;
	z->next_out = p->out;
	z->avail_out = sizeof(p->out);
	rc = inflate(z, Z_NO_FLUSH);
	if (rc == Z_STREAM_END) {
		p->between = true;
		if (inflateReset(z) != Z_OK)
			p->error = LB_E(NOSPC);
	} else if (rc == Z_MEM_ERROR) {
		p->error = LB_E(NOSPC);
	} else if (rc != Z_OK && rc != Z_BUF_ERROR) {
		p->error = LB_E(CRC);
	}
	return (struct turn){n - z->avail_in, sizeof(p->out) - z->avail_out};
}

static struct turn turn_xz(struct lb_unpack *p, const uint8_t *data, size_t n)
{
	lzma_stream *x = &p->u.xz;
	lzma_ret rc;

	x->next_in = data;
	x->avail_in = n;
	x->next_out = p->out;
	x->avail_out = sizeof(p->out);
	rc = lzma_code(x, LZMA_RUN);
	if (rc == LZMA_STREAM_END)
		p->between = true;
	else if (rc == LZMA_MEM_ERROR || rc == LZMA_MEMLIMIT_ERROR)
		p->error = LB_E(NOSPC);
	else if (rc != LZMA_OK && rc != LZMA_BUF_ERROR)
		p->error = LB_E(CRC);
	return (struct turn){n - x->avail_in, sizeof(p->out) - x->avail_out};
}

static struct turn turn_zstd(struct lb_unpack *p, const uint8_t *data, size_t n)
{
	ZSTD_inBuffer in = {.src = data, .size = n};
	ZSTD_outBuffer out = {.dst = p->out, .size = sizeof(p->out)};
	const size_t rc = ZSTD_decompressStream(p->u.zstd, &out, &in);

	if (ZSTD_isError(rc))
		p->error = ZSTD_getErrorCode(rc) == ZSTD_error_frameParameter_windowTooLarge
				   ? LB_E(NOSPC)
				   : LB_E(CRC);
	else
		p->between = rc == 0;
	return (struct turn){in.pos, out.pos};
}

static struct turn take_turn(struct lb_unpack *p, const uint8_t *data, size_t n)
{
	if (p->kind == LB_IMAGE_GZIP)
		return turn_gzip(p, data, n);
	if (p->kind == LB_IMAGE_XZ)
		return turn_xz(p, data, n);
	return turn_zstd(p, data, n);
}

/* gzip was reset already, zstd goes on by itself. */
static bool begin_next(struct lb_unpack *p)
{
	if (p->kind == LB_IMAGE_XZ &&
	    lzma_stream_decoder(&p->u.xz, LB_UNPACK_MEMORY_MAX, 0) != LZMA_OK)
		p->error = LB_E(NOSPC);
	return p->error == 0;
}

/* What did not fit into `out` comes with the next turn: each of the libraries keeps back some of
 * its input until all that it stands for is out. */
void lb_unpack_feed(struct lb_unpack *p, const void *data, size_t n)
{
	const uint8_t *from = data;
	size_t at = 0;

	while (at < n && !p->done && p->error == 0) {
		struct turn t;

		if (p->between && !may_go_on(p->kind, from[at])) {
			p->done = true;
			break;
		}
		if (p->between && !begin_next(p))
			break;
		p->between = false;
		t = take_turn(p, from + at, n - at);
		at += t.in;
		p->taken_bytes += t.in;
		if (t.out > 0)
			p->sink(p->ctx, p->out, t.out);
		if (t.in == 0 && t.out == 0)
			break;
	}
}

int lb_unpack_end(const struct lb_unpack *p)
{
	if (p->error < 0)
		return p->error;
	return p->done || p->between ? 0 : LB_E(TRUNC);
}

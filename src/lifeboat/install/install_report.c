#include "lifeboat/install/install_report.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <unistd.h>

#include "plat/linux/machine/machine.h"

#define DRAW_EVERY_MS 200

static const char *const phases[] = {[LB_INSTALL_VERIFY] = "verifying",
				     [LB_INSTALL_WRITE] = "writing",
				     [LB_INSTALL_READ_BACK] = "reading back"};

static void draw(const struct lb_install_meter *m, uint64_t done_bytes, uint64_t total_bytes,
		 uint64_t took_ms)
{
	const uint64_t per_s = took_ms ? done_bytes * 1000 / took_ms : 0;

	(void)fprintf(stderr, "\r\033[K%s: ", phases[m->phase]);
	if (total_bytes > 0)
		(void)fprintf(stderr, "%3" PRIu64 " %%, ", done_bytes * 100 / total_bytes);
	(void)fprintf(stderr, "%" PRIu64 " MiB, %" PRIu64 " MiB/s", done_bytes >> 20, per_s >> 20);
	if (total_bytes > done_bytes && per_s > 0) {
		const uint64_t left_s = (total_bytes - done_bytes) / per_s;

		(void)fprintf(stderr, ", %" PRIu64 ":%02" PRIu64 " left", left_s / 60, left_s % 60);
	}
	(void)fflush(stderr);
}

void lb_install_meter_show(struct lb_install_meter *m, enum lb_install_phase phase,
			   uint64_t done_bytes, uint64_t total_bytes)
{
	const uint64_t now_ms = lb_monotonic_ms();

	if (!m->known) {
		m->known = true;
		m->terminal = isatty(STDERR_FILENO);
		m->began_ms = now_ms;
	}
	if (phase != m->phase) {
		m->phase = phase;
		m->began_ms = now_ms;
	}
	if (!m->terminal || now_ms < m->drawn_ms + DRAW_EVERY_MS)
		return;
	m->drawn_ms = now_ms;
	m->shown = true;
	draw(m, done_bytes, total_bytes, now_ms - m->began_ms);
}

void lb_install_meter_end(struct lb_install_meter *m)
{
	if (m->shown)
		(void)fputs("\r\033[K", stderr);
	m->shown = false;
}

static void hex(char out[2 * 32 + 1], const uint8_t hash[32])
{
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

void lb_install_print(const struct lb_install_report *r, const char *image, const char *place)
{
	const uint32_t took_ms = r->verify_ms + r->write_ms + r->read_back_ms;
	char hash[2 * 32 + 1];

	if (r->why[0])
		(void)fprintf(stderr, "lifeboat install: %s: %s\n", image, r->why);
	if (r->end == LB_INSTALL_BROKEN)
		(void)fprintf(stderr, "lifeboat install: %s is not whole now\n", place);
	if (r->end != LB_INSTALL_DONE)
		return;
	hex(hash, r->sha256);
	(void)printf("%s: %" PRIu64 " bytes written and read back in %" PRIu32 ".%02" PRIu32 " s\n",
		     place, r->bytes, took_ms / 1000, took_ms % 1000 / 10);
	(void)printf("  sha256    %s\n", hash);
	if (r->bad_bytes > 0)
		(void)printf("  bad       %" PRIu64 " bytes of flash were left out\n",
			     r->bad_bytes);
}

static void add(struct json_object *o, const char *key, const char *text)
{
	(void)json_object_object_add(o, key, json_object_new_string(text));
}

static void add_number(struct json_object *o, const char *key, uint64_t n)
{
	(void)json_object_object_add(o, key, json_object_new_uint64(n));
}

int lb_install_print_json(const struct lb_install_report *r, const char *image, const char *place)
{
	struct json_object *o = json_object_new_object();
	char hash[2 * 32 + 1];
	int rc;

	if (!o)
		return LB_E(NOSPC);
	hex(hash, r->sha256);
	add(o, "image", image);
	add(o, "place", place);
	add(o, "end", lb_install_end_name(r->end));
	add(o, "cause", lb_install_why_name(r->cause));
	if (r->refusal != LB_REFUSAL_COUNT)
		add(o, "refusal", lb_refusal_name(r->refusal));
	add(o, "why", r->why);
	add_number(o, "image_bytes", r->image_bytes);
	add_number(o, "bytes", r->bytes);
	add_number(o, "bad_bytes", r->bad_bytes);
	if (r->end == LB_INSTALL_DONE)
		add(o, "sha256", hash);
	(void)json_object_object_add(o, "streamed", json_object_new_boolean(r->streamed));
	add_number(o, "verify_ms", r->verify_ms);
	add_number(o, "write_ms", r->write_ms);
	add_number(o, "read_back_ms", r->read_back_ms);
	rc = puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PRETTY)) < 0 ||
			     fflush(stdout) == EOF
		     ? LB_E(IO)
		     : 0;
	(void)json_object_put(o);
	return rc;
}

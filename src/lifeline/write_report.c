#include "lifeline/write_report.h"

#include <stdio.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "lifeline/json.h"

#define LINE_MS 200  /* on a terminal */
#define JSON_MS 1000 /* for a program */

static const struct {
	const char *name, *doing;
} steps[] = {
	[LB_WRITE_STEP_CHECK] = {"check", "checking the image"},
	[LB_WRITE_STEP_WRITE] = {"write", "writing"},
	[LB_WRITE_STEP_READ] = {"read-back", "reading back"},
	[LB_WRITE_STEP_FINISH] = {"finish", "finishing"},
};

static uint64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void lb_write_report_init(struct lb_write_report *r, bool json)
{
	*r = (struct lb_write_report){.json = json,
				      .live = !json && isatty(STDERR_FILENO),
				      .step = LB_WRITE_STEP_FINISH,
				      .start_ms = now_ms()};
}

void lb_write_report_end_line(struct lb_write_report *r)
{
	if (r->line)
		(void)fputc('\n', stderr);
	r->line = false;
}

static void show_line(struct lb_write_report *r, uint64_t done, uint64_t total, uint64_t left_ms)
{
	char size[LB_AMOUNT_MAX], speed[LB_AMOUNT_MAX], left[LB_AMOUNT_MAX];

	lb_amount_bytes(size, total == UINT64_MAX ? done : total);
	(void)fprintf(stderr, "\r%-18s ", steps[r->step].doing);
	if (total != UINT64_MAX && total > 0)
		(void)fprintf(stderr, "%3u %% of ", (unsigned)(done / (total / 100 + 1)));
	(void)fputs(size, stderr);
	if (r->speed.bytes_per_s > 0) {
		lb_amount_bytes(speed, r->speed.bytes_per_s);
		(void)fprintf(stderr, ", %s/s", speed);
	}
	if (left_ms != UINT64_MAX) {
		lb_amount_time(left, left_ms);
		(void)fprintf(stderr, ", %s left", left);
	}
	(void)fputs("\x1b[K", stderr); /* what stood there before was longer */
	r->line = true;
}

static int json_progress(const struct lb_write_report *r, uint64_t now, uint64_t done,
			 uint64_t total, uint64_t left_ms)
{
	CLEANUP(lb_json_putp) struct json_object *o = json_object_new_object();
	int rc = o ? lb_json_text(o, "event", "progress") : LB_E(NOSPC);

	if (rc == 0)
		rc = lb_json_number(o, "at_ms", now - r->start_ms);
	if (rc == 0)
		rc = lb_json_text(o, "step", steps[r->step].name);
	if (rc == 0)
		rc = lb_json_number(o, "done_bytes", done);
	if (rc == 0 && total != UINT64_MAX)
		rc = lb_json_number(o, "total_bytes", total);
	if (rc == 0 && r->speed.bytes_per_s > 0)
		rc = lb_json_number(o, "bytes_per_s", r->speed.bytes_per_s);
	if (rc == 0 && left_ms != UINT64_MAX)
		rc = lb_json_number(o, "left_ms", left_ms);
	return rc < 0 ? rc : lb_json_print(o);
}

void lb_write_report_progress(struct lb_write_report *r, enum lb_write_step step,
			      uint64_t done_bytes, uint64_t total_bytes)
{
	const uint64_t now = now_ms();
	const bool begins = step != r->step;
	uint64_t left_ms;

	if (begins) {
		lb_write_report_end_line(r);
		r->step = step;
		lb_speed_start(&r->speed, now, done_bytes);
	} else if (now - r->shown_ms < (r->json ? JSON_MS : LINE_MS)) {
		return;
	}
	lb_speed_step(&r->speed, now, done_bytes);
	left_ms = total_bytes == UINT64_MAX ? UINT64_MAX
					    : lb_speed_left_ms(&r->speed, done_bytes, total_bytes);
	r->shown_ms = now;
	if (r->live)
		show_line(r, done_bytes, total_bytes, left_ms);
	/* A listener that went away must not cost the card. */
	if (r->json && json_progress(r, now, done_bytes, total_bytes, left_ms) == 0)
		(void)fflush(stdout);
}

static void put_hex(char out[65], const uint8_t sha256[32])
{
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", sha256[i]);
}

/* What is wrong was refused before. */
static const char *trust_name(enum lb_trust trust)
{
	return trust == LB_TRUST_GOOD ? "good" : trust == LB_TRUST_NONE ? "none" : "unchecked";
}

static int json_image(const char *name, const struct lb_verified *v, const char *sha256)
{
	const enum lb_image_kind inside = v->offer.inside;
	CLEANUP(lb_json_putp) struct json_object *o = json_object_new_object();
	int rc = o ? lb_json_text(o, "event", "image") : LB_E(NOSPC);

	if (rc == 0)
		rc = lb_json_text(o, "image", name);
	if (rc == 0)
		rc = lb_json_text(o, "type", lb_image_name(v->offer.kind));
	if (rc == 0 && inside != LB_IMAGE_NONE)
		rc = lb_json_text(o, "inside", lb_image_name(inside));
	if (rc == 0)
		rc = lb_json_number(o, "size_bytes", v->offer.size_bytes);
	if (rc == 0)
		rc = lb_json_text(o, "sha256", sha256);
	if (rc == 0)
		rc = lb_json_truth(o, "hash_beside", v->sha256 == LB_VERIFY_SUM_RIGHT);
	if (rc == 0)
		rc = lb_json_text(o, "signature", trust_name(v->offer.trust));
	return rc < 0 ? rc : lb_json_print(o);
}

void lb_write_report_image(const struct lb_write_report *r, const char *name,
			   const struct lb_verified *v)
{
	const enum lb_image_kind inside = v->offer.inside;
	char size[LB_AMOUNT_MAX], sha256[65];

	put_hex(sha256, v->scan.sha256);
	lb_amount_bytes(size, v->offer.size_bytes);
	if (r->json) {
		if (json_image(name, v, sha256) == 0)
			(void)fflush(stdout);
		return;
	}
	(void)printf("%s: %s", name, lb_image_title(v->offer.kind));
	if (inside != LB_IMAGE_NONE)
		(void)printf(", in it %s", lb_image_title(inside));
	(void)printf("\n  size      %s to write\n  sha256    %s%s\n", size, sha256,
		     v->sha256 == LB_VERIFY_SUM_RIGHT ? ", as the file beside it says" : "");
	if (v->offer.trust == LB_TRUST_GOOD)
		(void)printf("  signature good, by key %s\n", v->offer.key_id);
	else if (v->offer.trust != LB_TRUST_NONE)
		(void)printf("  signature not checked: no key for it, see --keys\n");
	(void)fflush(stdout);
}

static int json_end(const struct lb_write_report *r, const char *event, const struct lb_drive *d,
		    uint64_t bytes, int code, const char *why)
{
	CLEANUP(lb_json_putp) struct json_object *o = json_object_new_object();
	int rc = o ? lb_json_text(o, "event", event) : LB_E(NOSPC);

	if (rc == 0)
		rc = lb_json_number(o, "at_ms", now_ms() - r->start_ms);
	if (rc == 0 && d)
		rc = lb_json_text(o, "device", d->node);
	if (rc == 0 && d)
		rc = lb_json_number(o, "written_bytes", bytes);
	if (rc == 0)
		rc = lb_json_number(o, "exit", (uint64_t)code);
	if (rc == 0)
		rc = lb_json_text(o, "why", why);
	return rc < 0 ? rc : lb_json_print(o);
}

void lb_write_report_done(struct lb_write_report *r, const struct lb_drive *d, uint64_t bytes,
			  int code, const char *why)
{
	char size[LB_AMOUNT_MAX], took[LB_AMOUNT_MAX];

	lb_write_report_end_line(r);
	if (r->json) {
		if (json_end(r, "done", d, bytes, code, why) == 0)
			(void)fflush(stdout);
		return;
	}
	lb_amount_bytes(size, bytes);
	lb_amount_time(took, now_ms() - r->start_ms);
	(void)printf("%s: %s written and read back in %s: it may be taken out now\n", d->node, size,
		     took);
	if (why[0])
		(void)fprintf(stderr, "lifeline: %s\n", why);
}

void lb_write_report_failed(struct lb_write_report *r, int code, const char *why)
{
	lb_write_report_end_line(r);
	(void)fprintf(stderr, "lifeline: %s\n", why);
	if (r->json && json_end(r, "failed", NULL, 0, code, why) == 0)
		(void)fflush(stdout);
}

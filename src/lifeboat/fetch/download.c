#include "lifeboat/fetch/download.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lifeboat/fetch/attempt.h"
#include "plat/linux/machine/machine.h"

#define LOOK_EVERY_MS 250

struct work {
	const struct lb_download *d;
	struct lb_http_head first; /* of the file as it was begun */
	const char *text;	   /* how the last attempt ended */
};

static void shorten(const char *url, char out[100])
{
	const size_t n = strlen(url);

	(void)snprintf(out, 100, "%s%s", n > 96 ? "..." : "", n > 96 ? url + n - 96 : url);
}

/* The plan says WAIT once more until the time has come. */
static void sleep_until(const struct work *w, uint64_t wake_ms, uint64_t have_bytes)
{
	const uint64_t now_ms = lb_monotonic_ms();
	const uint64_t left_ms = wake_ms > now_ms ? wake_ms - now_ms : 0;
	const uint64_t piece_ms = left_ms < LOOK_EVERY_MS ? left_ms : LOOK_EVERY_MS;
	const struct timespec t = {.tv_nsec = (long)piece_ms * 1000000};

	w->d->progress(w->d->ctx, have_bytes, w->first.whole_bytes);
	(void)nanosleep(&t, NULL);
}

static int attempt(struct work *w, const struct lb_fetch_step *s, struct lb_fetch_seen *seen)
{
	const uint64_t from_bytes = s->from_bytes;
	const struct lb_attempt a = {.url = w->d->url,
				     .path = w->d->path,
				     .cacert = w->d->cacert,
				     .any_certificate = w->d->any_certificate,
				     .from_bytes = from_bytes,
				     .room_bytes = w->d->room_bytes,
				     .left_ms = s->left_ms,
				     .validator = w->first.validator,
				     .progress = w->d->progress,
				     .ctx = w->d->ctx};
	struct lb_attempt_result r;
	int rc = lb_attempt(&r, &a);

	if (rc < 0)
		return rc;
	seen->end = lb_fetch_judge(r.curl_exit, &r.head, from_bytes,
				   from_bytes ? w->first.whole_bytes : 0, r.have_bytes, &w->text);
	if (from_bytes == 0)
		w->first = r.head;
	seen->have_bytes = r.have_bytes;
	seen->can_resume = r.have_bytes > 0 && w->first.validator[0];
	return 0;
}

static void tell_again(const struct work *w, const struct lb_fetch_plan *p)
{
	char url[100], line[LB_SENTENCE_MAX];

	shorten(w->d->url, url);
	(void)snprintf(line, sizeof(line), "%s %s: trying again from byte %llu", url, w->text,
		       (unsigned long long)p->have_bytes);
	w->d->say(w->d->ctx, line);
}

static enum lb_fetch_end give_up(const struct work *w, enum lb_fetch_end end, int rc,
				 char why[LB_SENTENCE_MAX])
{
	char url[100];

	shorten(w->d->url, url);
	(void)unlink(w->d->path);
	if (rc == LB_E(NOENT))
		(void)snprintf(why, LB_SENTENCE_MAX,
			       "%s cannot be fetched: this system has no curl", url);
	else if (rc < 0)
		(void)snprintf(why, LB_SENTENCE_MAX, "%s cannot be fetched: curl: %s", url,
			       lb_strerror(rc));
	else
		(void)snprintf(why, LB_SENTENCE_MAX, "%s %s", url, w->text);
	return rc < 0 ? LB_FETCH_END_REFUSED : end;
}

enum lb_fetch_end lb_download(const struct lb_download *d, char why[LB_SENTENCE_MAX])
{
	struct work w = {.d = d, .text = ""};
	struct lb_fetch_plan p;
	struct lb_fetch_seen seen = {0};
	struct lb_fetch_step s = lb_fetch_begin(&p, &lb_fetch_usual, lb_monotonic_ms());

	for (;;) {
		int rc = 0;

		switch (s.deed) {
		case LB_FETCH_GET:
			rc = attempt(&w, &s, &seen);
			if (rc < 0)
				return give_up(&w, seen.end, rc, why);
			s = lb_fetch_next(&p, &lb_fetch_usual, &seen, lb_monotonic_ms());
			if (s.deed == LB_FETCH_WAIT || s.deed == LB_FETCH_GET)
				tell_again(&w, &p);
			break;
		case LB_FETCH_WAIT:
			sleep_until(&w, s.wake_ms, p.have_bytes);
			s = lb_fetch_waited(&p, lb_monotonic_ms());
			break;
		case LB_FETCH_DONE:
			return LB_FETCH_END_GOT;
		case LB_FETCH_FAILED:
			return give_up(&w, seen.end, 0, why);
		}
	}
}

bool lb_clock_is_wrong(void)
{
	struct stat own;
	time_t least = LB_CLOCK_LEAST_S;

	if (stat("/proc/self/exe", &own) == 0 && own.st_mtime > least)
		least = own.st_mtime;
	return time(NULL) < least;
}

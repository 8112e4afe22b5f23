#include "plan/fetch.h"

#include <stddef.h>

/* A file that changes each time it is begun is none to wait for. */
#define RESTARTS_MAX 3

const struct lb_fetch_rules lb_fetch_usual = {
	.tries = 6,
	.first_wait_ms = 1000,
	.longest_wait_ms = 16000,
	.whole_ms = (uint64_t)60 * 60 * 1000, /* 60 MB at the speed of a slow modem line */
};

static const struct {
	int code;
	enum lb_fetch_end end;
	const char *text;
} exits[] = {
#define CURL_EXIT(code_, end_, text_) \
	{.code = (code_), .end = LB_FETCH_END_##end_, .text = (text_)},
#include "tables/curl_exits.def"
#undef CURL_EXIT
};

static struct lb_fetch_step step(enum lb_fetch_deed deed)
{
	return (struct lb_fetch_step){.deed = deed};
}

static struct lb_fetch_step get(const struct lb_fetch_plan *p, uint64_t now_ms)
{
	return (struct lb_fetch_step){.deed = LB_FETCH_GET,
				      .from_bytes = p->have_bytes,
				      .left_ms = now_ms < p->end_ms ? p->end_ms - now_ms : 1};
}

struct lb_fetch_step lb_fetch_begin(struct lb_fetch_plan *p, const struct lb_fetch_rules *rules,
				    uint64_t now_ms)
{
	*p = (struct lb_fetch_plan){.end_ms = now_ms + rules->whole_ms};
	return get(p, now_ms);
}

static uint64_t pause_ms(const struct lb_fetch_plan *p, const struct lb_fetch_rules *rules)
{
	uint64_t wait_ms = rules->first_wait_ms;

	for (unsigned i = 1; i < p->fruitless && wait_ms < rules->longest_wait_ms; i++)
		wait_ms *= 2;
	return wait_ms < rules->longest_wait_ms ? wait_ms : rules->longest_wait_ms;
}

static struct lb_fetch_step try_again(struct lb_fetch_plan *p, const struct lb_fetch_rules *rules,
				      const struct lb_fetch_seen *seen, uint64_t now_ms)
{
	const bool got_on = seen->have_bytes > p->have_bytes;

	p->fruitless = got_on && seen->can_resume ? 1 : p->fruitless + 1;
	p->have_bytes = seen->can_resume ? seen->have_bytes : 0;
	if (p->fruitless >= rules->tries && rules->tries > 0)
		return step(LB_FETCH_FAILED);
	p->wake_ms = now_ms + pause_ms(p, rules);
	if (p->wake_ms >= p->end_ms)
		return step(LB_FETCH_FAILED);
	return (struct lb_fetch_step){.deed = LB_FETCH_WAIT, .wake_ms = p->wake_ms};
}

struct lb_fetch_step lb_fetch_next(struct lb_fetch_plan *p, const struct lb_fetch_rules *rules,
				   const struct lb_fetch_seen *seen, uint64_t now_ms)
{
	switch (seen->end) {
	case LB_FETCH_END_GOT:
		return step(LB_FETCH_DONE);
	case LB_FETCH_END_CHANGED:
		p->have_bytes = 0;
		if (p->restarts++ == RESTARTS_MAX || now_ms >= p->end_ms)
			return step(LB_FETCH_FAILED);
		return get(p, now_ms);
	case LB_FETCH_END_AGAIN:
		return try_again(p, rules, seen, now_ms);
	case LB_FETCH_END_REFUSED:
	case LB_FETCH_END_UNTRUSTED:
	case LB_FETCH_END_TOO_LARGE:
		break;
	}
	return step(LB_FETCH_FAILED);
}

struct lb_fetch_step lb_fetch_waited(struct lb_fetch_plan *p, uint64_t now_ms)
{
	if (now_ms >= p->wake_ms)
		return get(p, now_ms);
	return (struct lb_fetch_step){.deed = LB_FETCH_WAIT, .wake_ms = p->wake_ms};
}

static enum lb_fetch_end judge_answer(const struct lb_http_head *h, const char **text)
{
	if (h->status == 416) {
		*text = "has changed since it was begun";
		return LB_FETCH_END_CHANGED;
	}
	if (h->status == 404 || h->status == 410) {
		*text = "is not there: the server has no such file";
		return LB_FETCH_END_REFUSED;
	}
	if (h->status == 408 || h->status == 429 || h->status >= 500) {
		*text = "is not given out by the server at the moment";
		return LB_FETCH_END_AGAIN;
	}
	return LB_FETCH_END_REFUSED;
}

enum lb_fetch_end lb_fetch_judge(int curl_exit, const struct lb_http_head *head,
				 uint64_t from_bytes, uint64_t known_bytes, uint64_t have_bytes,
				 const char **text)
{
	const bool resumed = from_bytes > 0 && head->status > 0 && head->status < 400;

	*text = "could not be fetched";
	/* Half of one file and half of another one must never be put together. */
	if (resumed && (head->status != 206 || head->start_bytes != from_bytes ||
			(known_bytes && head->whole_bytes && head->whole_bytes != known_bytes))) {
		*text = "has changed since it was begun";
		return LB_FETCH_END_CHANGED;
	}
	if (curl_exit == 0 && head->whole_bytes && have_bytes != head->whole_bytes) {
		*text = "broke off in the middle";
		return LB_FETCH_END_AGAIN;
	}
	if (curl_exit == 0)
		return LB_FETCH_END_GOT;
	for (size_t i = 0; i < sizeof(exits) / sizeof(exits[0]); i++) {
		if (exits[i].code != curl_exit)
			continue;
		*text = exits[i].text;
		return curl_exit == 22 ? judge_answer(head, text) : exits[i].end;
	}
	return LB_FETCH_END_AGAIN;
}

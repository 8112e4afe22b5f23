#include "plan/upgrade_job.h"

#include <string.h>

#include "base/bytes.h"

#define FIRST_LINE "lifeboat upgrade 1"

static bool fits_in_line(const char *text)
{
	return !strchr(text, '\n');
}

static bool is_job(const struct lb_upgrade_job *job)
{
	return job->image[0] == '/' && (!job->settings[0] || job->settings[0] == '/') &&
	       fits_in_line(job->image) && fits_in_line(job->settings) && fits_in_line(job->root);
}

static void put_line(struct lb_wr *w, const char *word, const char *value)
{
	if (!value[0])
		return;
	lb_wr_bytes(w, word, strlen(word));
	lb_wr_bytes(w, value, strlen(value));
	lb_wr_bytes(w, "\n", 1);
}

int lb_upgrade_job_encode(const struct lb_upgrade_job *job, char out[LB_UPGRADE_JOB_MAX])
{
	struct lb_wr w = lb_wr_init(out, LB_UPGRADE_JOB_MAX);

	if (!is_job(job))
		return LB_E(RANGE);
	lb_wr_bytes(&w, FIRST_LINE "\n", strlen(FIRST_LINE "\n"));
	put_line(&w, "image ", job->image);
	put_line(&w, "settings ", job->settings);
	put_line(&w, "root ", job->root);
	put_line(&w, "forced ", job->forced ? "1" : "");
	put_line(&w, "ignore-minor ", job->ignore_minor ? "1" : "");
	return w.bad ? LB_E(RANGE) : (int)lb_wr_used(&w);
}

/* The next line without its end; false when no whole line is left. */
static bool take_line(struct lb_rd *r, struct lb_rd *line)
{
	const uint8_t *end = memchr(r->p, '\n', lb_rd_left(r));

	if (!end)
		return false;
	*line = lb_rd_sub(r, (size_t)(end - r->p));
	(void)lb_rd_u8(r);
	return true;
}

/* True: the line begins with the word; what follows is left in it. */
static bool take_word(struct lb_rd *line, const char *word)
{
	size_t n = strlen(word);

	if (lb_rd_left(line) < n || memcmp(line->p, word, n) != 0)
		return false;
	(void)lb_rd_take(line, n);
	return true;
}

/* Once, and not empty. */
static bool take_text(struct lb_rd *line, char out[LB_PATH_MAX])
{
	if (out[0])
		return false;
	lb_rd_str(line, out, LB_PATH_MAX);
	return !line->bad && out[0];
}

static bool take_flag(struct lb_rd *line, bool *out)
{
	bool seen = *out;

	*out = lb_rd_u8(line) == '1' && lb_rd_left(line) == 0;
	return *out && !seen;
}

static bool take_field(struct lb_upgrade_job *job, struct lb_rd *line)
{
	if (take_word(line, "image "))
		return take_text(line, job->image);
	if (take_word(line, "settings "))
		return take_text(line, job->settings);
	if (take_word(line, "root "))
		return take_text(line, job->root);
	if (take_word(line, "forced "))
		return take_flag(line, &job->forced);
	if (take_word(line, "ignore-minor "))
		return take_flag(line, &job->ignore_minor);
	return false;
}

int lb_upgrade_job_parse(struct lb_upgrade_job *out, const void *buf, size_t n)
{
	struct lb_rd r = lb_rd_init(buf, n), line;
	struct lb_upgrade_job job = {0};

	if (n > LB_UPGRADE_JOB_MAX || !take_line(&r, &line) || !take_word(&line, FIRST_LINE) ||
	    lb_rd_left(&line) > 0)
		return LB_E(FORMAT);
	while (lb_rd_left(&r) > 0)
		if (!take_line(&r, &line) || !take_field(&job, &line))
			return LB_E(FORMAT);
	if (!is_job(&job))
		return LB_E(FORMAT);
	*out = job;
	return 0;
}

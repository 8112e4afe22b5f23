#include "lifeboat/progress.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/lan.h"
#include "plat/linux/machine/proc.h"

#define TELL_EVERY_MS 1000 /* docs/announce.md */
#define SHOWS_END_MS  2000 /* the result is to be seen, but a reboot does not wait for ever */
#define LOOK_MS	      50

void lb_progress_begin(struct lb_progress *p, const char *work)
{
	int rc;

	if (p->begun)
		return;
	p->begun = true;
	p->step[0] = '\0';
	(void)snprintf(p->work, sizeof(p->work), "%s", work);
	rc = lb_followers_open(&p->followers, LB_PROGRESS_SOCKET);
	if (rc < 0)
		log_warn("nobody can follow: " LB_PROGRESS_SOCKET " %s", lb_strerror(rc));
	if (p->machine->lan.device[0])
		return;
	rc = p->alone ? lb_lan_take_for(p->machine, p->board) : lb_lan_up_for(p->machine, p->board);
	p->brought_up = rc == 0;
	if (rc < 0)
		log_warn("the LAN is not told how far it is: no LAN port comes up (it %s)",
			 lb_strerror(rc));
}

/* --- programs that show it */

static void start_show(struct lb_progress *p, const char *name)
{
	char path[LB_PATH_MAX];
	pid_t pid;

	if (snprintf(path, sizeof(path), LB_PROGRESS_DIR "/%s", name) >= (int)sizeof(path) ||
	    access(path, X_OK) < 0)
		return;
	pid = lb_fork();
	if (pid == 0) {
		char *const argv[] = {path, NULL};

		(void)setsid();
		(void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
		(void)execv(path, argv);
		_exit(127);
	}
	if (pid > 0)
		p->shows[p->show_count++] = pid;
}

void lb_progress_shows(struct lb_progress *p)
{
	CLEANUP(lb_dir_closep) DIR *d = opendir(LB_PROGRESS_DIR);
	struct dirent *e;

	while (d && (e = readdir(d)) && p->show_count < LB_PROGRESS_SHOWS_MAX)
		if (e->d_name[0] != '.')
			start_show(p, e->d_name);
}

static bool is_shown(const struct lb_progress *p)
{
	for (size_t i = 0; i < p->show_count; i++)
		if (kill(p->shows[i], 0) == 0)
			return true;
	return false;
}

static void end_shows(struct lb_progress *p)
{
	const struct plat plat = lb_machine_plat(p->machine);
	const uint64_t until_ms = plat.now_ms(plat.ctx) + SHOWS_END_MS;
	struct plat_event ev;

	while (is_shown(p) && plat.now_ms(plat.ctx) < until_ms)
		plat.wait(plat.ctx, plat.now_ms(plat.ctx) + LOOK_MS, &ev);
	for (size_t i = 0; i < p->show_count; i++)
		(void)kill(-p->shows[i], SIGKILL);
	p->show_count = 0;
}

/* --- words */

static void tell_lan(struct lb_progress *p)
{
	const struct plat plat = lb_machine_plat(p->machine);

	plat.announce(plat.ctx, LB_STATE_STARTING, LB_REASON_NONE, 0);
	p->told_ms = plat.now_ms(plat.ctx);
}

void lb_progress_step(struct lb_progress *p, const char *step, int percent)
{
	char *said = p->status->detail;
	const size_t size = sizeof(p->status->detail);
	const bool other = strcmp(p->step, step) != 0;
	const bool due = other || lb_monotonic_ms() >= p->told_ms + TELL_EVERY_MS;

	if (!p->begun)
		return;
	if (other || percent != p->percent)
		lb_progress_tell_step(&p->followers, p->work, step, percent);
	else
		lb_followers_tell(&p->followers, "");
	(void)snprintf(p->step, sizeof(p->step), "%s", step);
	p->percent = percent;
	if (percent < 0)
		(void)snprintf(said, size, "%s: %.180s", p->work, step);
	else
		(void)snprintf(said, size, "%s: %.170s, %d %%", p->work, step, percent);
	if (due)
		tell_lan(p);
}

void lb_progress_result(struct lb_progress *p, const char *result, const char *why)
{
	if (!p->begun)
		return;
	lb_progress_tell_result(&p->followers, p->work, result, why);
	(void)snprintf(p->status->detail, sizeof(p->status->detail), "%s: %.64s%s%.120s", p->work,
		       result, why[0] ? ": " : "", why);
	tell_lan(p);
}

void lb_progress_again(struct lb_progress *p)
{
	if (!p->begun)
		return;
	lb_followers_tell(&p->followers, "");
	if (lb_monotonic_ms() >= p->told_ms + TELL_EVERY_MS)
		tell_lan(p);
}

void lb_progress_end(struct lb_progress *p)
{
	if (!p->begun)
		return;
	end_shows(p);
	lb_followers_close(&p->followers);
	p->status->detail[0] = '\0';
	if (p->brought_up)
		lb_lan_down(&p->machine->lan);
	p->begun = p->brought_up = false;
}

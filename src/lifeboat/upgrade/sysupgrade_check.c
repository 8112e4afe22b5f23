#include "lifeboat/upgrade/sysupgrade_check.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/upgrade/upgrade_tell.h"

struct lb_verify_ask lb_sysupgrade_ask(const struct lb_sysupgrade *o, const struct lb_board *board,
				       int fd)
{
	return (struct lb_verify_ask){.image = o->image,
				      .fd = fd,
				      .board = board,
				      .door = LB_DOOR_COMMAND,
				      .drop_settings = o->drop,
				      .ignore_minor = o->ignore_minor};
}

/* What -F takes all the same. Never damage, a kind of file that cannot be installed, a signature,
 * an old version with its known holes, or what has no room. */
static bool may_be_forced(enum lb_refusal r)
{
	return r == LB_REFUSAL_BOARD || r == LB_REFUSAL_COMPAT;
}

int lb_sysupgrade_judge(const struct lb_sysupgrade *o, const struct lb_verdict *v)
{
	int code = LB_EXIT_OK;

	for (int r = 0; r < LB_REFUSAL_COUNT; r++) {
		const bool forced = o->force && may_be_forced((enum lb_refusal)r);

		if (!v->refused[r])
			continue;
		(void)fprintf(stderr, "sysupgrade: %s%s\n", forced ? "forced, although " : "",
			      v->why[r]);
		if (!forced)
			lb_upgrade_tell_why(v->why[r]);
		if (!forced && !may_be_forced((enum lb_refusal)r))
			code = LB_EXIT_BROKEN;
		else if (!forced && code == LB_EXIT_OK)
			code = LB_EXIT_NO;
	}
	if (code != LB_EXIT_OK)
		(void)fputs("Image check failed.\n", stderr); /* OpenWrt's words */
	else if (v->note[0])
		lb_sysupgrade_say(o, "sysupgrade: %s", v->note);
	return code;
}

int lb_sysupgrade_check(const struct lb_sysupgrade *o, const struct lb_board *board, int fd)
{
	static struct lb_verified found;
	const struct lb_verify_ask ask = lb_sysupgrade_ask(o, board, fd);
	char why[LB_SENTENCE_MAX];
	const off_t start = lseek(fd, 0, SEEK_CUR);

	lb_sysupgrade_say(o, "Checking the image...");
	lb_upgrade_tell("checking the image", -1);
	if (lb_verify_image(&found, &ask, why) < 0) {
		log_err("%s", why);
		return LB_EXIT_SYSTEM;
	}
	if (start >= 0 && lseek(fd, start, SEEK_SET) < 0)
		return LB_EXIT_SYSTEM;
	return lb_sysupgrade_judge(o, &found.verdict);
}

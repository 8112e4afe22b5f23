/* Where is the device, and why? */
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "lifeboat/applet.h"
#include "lifeboat/status_file.h"
#include "plat/linux/files/files.h"

static void print_human(const struct lb_status *s)
{
	(void)printf("%s: %s\n", lb_state_name(s->state), s->detail);
	(void)printf("  board     %s (%s)%s%s\n", s->board_name, s->board,
		     s->serial[0] ? ", serial " : "", s->serial);
	(void)printf("  boot      %u%s\n", s->boot_count,
		     s->boot_count ? "" : " (none is recorded)");
	(void)printf("  root      %s\n", s->root_fs[0]		       ? s->root_fs
					 : s->reason == LB_REASON_MENU ? "not mounted"
								       : "none");
	if (s->slot[0])
		(void)printf("  slot      %s: %s\n", s->slot, s->slot_reason);
	if (s->overlay[0] && s->overlay_used >= 0)
		(void)printf("  overlay   %s, %d %% full at boot\n", s->overlay, s->overlay_used);
	else
		(void)printf("  overlay   %s\n", s->overlay[0] ? s->overlay : "not mounted");
	if (s->extroot[0])
		(void)printf("  extroot   %s\n", s->extroot);
	if (s->failsafe_available || s->failsafe_why_not[0])
		(void)printf("  failsafe  %s\n", s->failsafe_available ? lb_policy_name(s->policy)
								       : s->failsafe_why_not);
	if (s->host_key[0])
		(void)printf("  host key  %s\n", s->host_key);
	if (s->last_reset[0])
		(void)printf("  reset     %s\n", s->last_reset);
	if (s->last_upgrade[0])
		(void)printf("  upgrade   %s\n", s->last_upgrade);
	if (s->last_mode[0])
		(void)printf("  rescue    %s\n", s->last_mode);
	if (s->settings[0])
		(void)printf("  settings  %s\n", s->settings);
	if (s->notice[0])
		(void)printf("  notice    %s\n", s->notice);
}

int applet_status(int argc, char **argv)
{
	bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
	char text[LB_STATUS_BYTES_MAX];
	struct lb_status s;
	int rc;

	if (argc > 1 && !json) {
		(void)fprintf(stderr,
			      "lifeboat status: '%s' is not known; the only option is --json\n",
			      argv[strcmp(argv[1], "--json") == 0 ? 2 : 1]);
		return LB_EXIT_USAGE;
	}
	rc = lb_status_load(&s);
	if (rc < 0) {
		log_err("there is no status: %s %s (was this machine started by the boot gate?)",
			LB_STATUS_FILE, lb_strerror(rc));
		return rc == LB_E(NOENT) ? LB_EXIT_NO : LB_EXIT_SYSTEM;
	}
	if (!json) {
		print_human(&s);
		return LB_EXIT_OK;
	}
	rc = lb_file_read(LB_STATUS_FILE, text, sizeof(text));
	if (rc < 0) {
		log_err("%s %s", LB_STATUS_FILE, lb_strerror(rc));
		return LB_EXIT_SYSTEM;
	}
	if (puts(text) != EOF && fflush(stdout) == 0)
		return LB_EXIT_OK;
	log_err("the status cannot be written to the standard output");
	return LB_EXIT_SYSTEM;
}

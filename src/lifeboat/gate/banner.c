#include "lifeboat/gate/banner.h"

#include "lifeboat/board_file.h"
#include "lifeboat/status_file.h"

/* Users know the two group heads from OpenWrt's failsafe banner. */
static const struct line {
	const char *command, *does;
} need_root[] =
	{
		{"mount_root", "mount the overlay with your settings"},
		{"lifeboat continue", "go on with the normal boot"},
},
  always[] =
	  {
		  {"lifeboat status", "say where the device is, and why"},
		  {"lifeboat log", "say where the last boots went"},
		  {"reboot, poweroff", "what they say"},
},
  after_mount[] =
	  {
		  {"passwd", "change root's password"},
		  {"/etc/config", "directory with the settings"},
},
  snapshots[] = {
	  {"lifeboat snapshot list", "what there is to go back to"},
	  {"lifeboat snapshot mount current", "the root, on /mnt/snapshot-@: unmount it when done"},
	  {"lifeboat snapshot rollback [N]", "go back: to N, or one step"},
};

#define PRINT_ALL(to, width, lines) \
	print_lines(to, width, lines, sizeof(lines) / sizeof((lines)[0]))

static void print_lines(FILE *to, int width, const struct line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++)
		(void)fprintf(to, " * %-*s %s\n", width, lines[i].command, lines[i].does);
}

static bool has_snapshots(void)
{
	static struct lb_board board;

	lb_board_for_this_machine(&board, NULL);
	return board.subvolume[0] != '\0';
}

void lb_banner_print(FILE *to)
{
	struct lb_status s;
	bool rescue;

	if (lb_status_load(&s) < 0)
		return;
	rescue = s.state == LB_STATE_RESCUE;
	(void)fprintf(to, "\n================ %s MODE active =================\n",
		      rescue ? "RESCUE" : "FAILSAFE");
	(void)fprintf(to, "%s\nWhy: %s.\n", s.board_name, s.detail);
	if (s.notice[0])
		(void)fprintf(to, "Note: %s.\n", s.notice);
	(void)fprintf(to, "\nspecial commands:\n");
	if (!rescue)
		PRINT_ALL(to, 18, need_root);
	PRINT_ALL(to, 18, always);
	if (s.reason == LB_REASON_MENU && has_snapshots()) {
		(void)fprintf(to, "\nsnapshots:\n");
		PRINT_ALL(to, 31, snapshots);
	}
	if (!rescue) {
		(void)fprintf(to, "\nafter mount_root:\n");
		PRINT_ALL(to, 18, after_mount);
	}
	(void)fprintf(to, "=======================================================\n\n");
}

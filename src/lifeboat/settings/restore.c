#include "lifeboat/settings/restore.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "lifeboat/record_io.h"
#include "lifeboat/status_file.h"
#include "plat/linux/storage/overlayfs.h"
#include "plat/linux/storage/settingsdir.h"

static void add_line(struct lb_record *r, void *sentence)
{
	lb_record_log(r, sentence);
}

static void publish(const struct lb_board *board, const struct lb_settings_report *report,
		    char *sentence)
{
	struct lb_status s;
	int rc = lb_record_change(board, add_line, sentence);

	if (report->outcome == LB_SETTINGS_RESTORED)
		log_warn("%s", sentence); /* said on the console, once */
	else
		log_err("%s", sentence);
	if (rc < 0 && rc != LB_E(NOENT))
		log_warn("the recovery record %s", lb_strerror(rc));
	if (lb_status_load(&s) < 0)
		return; /* run by hand on a machine without the boot gate */
	(void)snprintf(s.settings, sizeof(s.settings), "%s", sentence);
	if (report->outcome != LB_SETTINGS_RESTORED)
		(void)snprintf(s.notice, sizeof(s.notice), "%s", sentence);
	if (lb_status_save(&s) < 0)
		log_warn("the status cannot be written to " LB_STATUS_FILE);
}

void lb_restore_settings(const struct lb_board *board, const struct lb_overlay_report *overlay)
{
	static const char *const places[LB_SETTINGS_PLACES] = {
		LB_OVERLAY_DIR "/" LB_OVERLAY_ARCHIVE, "/" LB_OVERLAY_ARCHIVE};
	CLEANUP(lb_settingsdir_closep) struct lb_settingsdir dir = LB_SETTINGSDIR_CLOSED;
	struct lb_settings_report report;
	char sentence[LB_SENTENCE_MAX];
	struct plat_settings plat;
	int rc;

	if (overlay->on_tmpfs || overlay->extroot || overlay->fs_state != LB_FS_STATE_PENDING)
		return;
	rc = lb_settingsdir_open(&dir, "/", "/rom", places);
	if (rc == LB_E(NOENT))
		return;
	if (rc < 0) {
		log_err("an archive of settings is there and cannot be opened: it %s",
			lb_strerror(rc));
		return;
	}
	log_warn(
		"- config restore -"); /* OpenWrt's words; on the console, as it may take a while */
	plat = lb_settingsdir_plat(&dir);
	lb_settings_restore(&plat, board->id, &report);
	lb_settings_sentence(&report, dir.path, sentence, sizeof(sentence));
	publish(board, &report, sentence);
}

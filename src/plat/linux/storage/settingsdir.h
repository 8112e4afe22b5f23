/* plat/linux/storage/settingsdir.h - the real struct plat_settings: an archive in a file, restored
 * into the root that is mounted. */
#pragma once

#include <stdio.h>

#include "plat/settings.h"

/* An archive in a file, to be read. */
struct lb_archive_file {
	int fd;
};

#define LB_ARCHIVE_FILE_CLOSED ((struct lb_archive_file){.fd = -1})

/* LB_E(FORMAT): there is something, but no file. */
MUST_CHECK int lb_archive_file_open(struct lb_archive_file *f, const char *path);
void lb_archive_file_closep(struct lb_archive_file *f);
struct plat_archive lb_archive_file_plat(struct lb_archive_file *f);

/* Where a staged archive may lie, the first one that is there counts: where an installer put it
 * beside the upper directory, and in the root. OpenWrt moves the first over the second. */
#define LB_SETTINGS_PLACES 2

struct lb_settingsdir {
	struct lb_archive_file archive;
	char path[LB_PATH_MAX]; /* of the one that was found */
	const char *places[LB_SETTINGS_PLACES];
	int root, rom, stage, file;
};

#define LB_SETTINGSDIR_CLOSED     \
	((struct lb_settingsdir){ \
		.archive = {.fd = -1}, .root = -1, .rom = -1, .stage = -1, .file = -1})

/* Find a staged archive. LB_E(NOENT): there is none. `rom` may be missing. */
MUST_CHECK int lb_settingsdir_open(struct lb_settingsdir *d, const char *root, const char *rom,
				   const char *const places[LB_SETTINGS_PLACES]);
void lb_settingsdir_closep(struct lb_settingsdir *d);
struct plat_settings lb_settingsdir_plat(struct lb_settingsdir *d);

/* lifeboat/upgrade/upgrade_kept.h - image and settings on a stick, for an upgrade that goes on
 * after every power cut. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "plan/record.h"
#include "tables/limits.h"

/* Where the stick is mounted by the boot gate. */
#define LB_UPGRADE_STICK "/run/lifeboat/stick"
/* The archive beside the image. */
#define LB_UPGRADE_SETTINGS_SUFFIX ".lifeboat-settings.tgz"

/* "UUID=1234-ABCD:/new.bin" for a file that lies on a disk that stays and is not the one with the
 * root; LB_E(UNSUP) for any other file. */
MUST_CHECK int lb_upgrade_place_of(const char *file, const char *root_disk,
				   char place[LB_PATH_MAX]);

/* The device that such a place names is here; its node goes to `node`. LB_E(NOENT). */
MUST_CHECK int lb_upgrade_place_find(const char *place, char node[LB_PATH_MAX]);

/* Wait for the stick, mount it and see that both files are there with the noted hashes: their paths
 * go to `image` and `settings`. 0, or LB_E(NOENT|CRC|IO...) and a sentence that names what is
 * wanted. */
MUST_CHECK int lb_upgrade_kept_open(const struct lb_upgrade_record *r, char image[LB_PATH_MAX],
				    char settings[LB_PATH_MAX], char why[LB_SENTENCE_MAX]);
void lb_upgrade_kept_close(void);

/* Take the archive away from the stick. */
MUST_CHECK int lb_upgrade_kept_tidy(const char *settings);

MUST_CHECK int lb_upgrade_hash(const char *path, uint8_t hash[LB_RECORD_HASH_BYTES]);

/* plat/fake/settings.h - a root file system in memory with a staged archive, for the restore of
 * settings.
 *
 * A write, a rename or a deletion is on the medium only after a sync. A cut leaves of what came
 * since the last sync what the fate says, operation by operation: a file may have its new name and
 * not its content, as on ext4. These abort with a message: staging without a folder for it, writing
 * to what is not open, placing what was never staged, renaming over a directory.
 */
#pragma once

#include <stdbool.h>

#include "plat/fake/power.h"
#include "plat/settings.h"

#define LB_FAKE_NODES	   32
#define LB_FAKE_NODE_BYTES 128

struct lb_fake_node {
	char path[64]; /* "" = free */
	enum lb_member_type type;
	uint32_t mode, uid, gid;
	char target[32];
	size_t size;
	uint8_t data[LB_FAKE_NODE_BYTES];
};

struct lb_fake_root {
	struct lb_fake_node nodes[LB_FAKE_NODES];
};

struct lb_fake_change;

struct lb_fake_settings {
	struct lb_fake_power *power;
	struct lb_fake_load load;
	/* To be set by the test. */
	const uint8_t *archive;
	size_t archive_size;
	uint64_t free_bytes;
	const struct lb_fake_root *rom; /* NULL: there is none */

	struct lb_fake_root seen, stored;
	struct lb_fake_change *changes; /* since the last sync */
	size_t change_count;
	size_t read_at;
	char open[64]; /* the staged file that is being written, "" = none */
};

void lb_fake_settings_init(struct lb_fake_settings *f, struct lb_fake_power *power);
void lb_fake_settings_release(struct lb_fake_settings *f);
struct plat_settings lb_fake_settings_plat(struct lb_fake_settings *f);

/* The power is on again: what is on the medium is what is seen. */
void lb_fake_settings_reboot(struct lb_fake_settings *f);

/* NULL when it is not there. */
const struct lb_fake_node *lb_fake_root_find(const struct lb_fake_root *r, const char *path);

/* Put a file there, on the medium, past everything. */
void lb_fake_settings_poke(struct lb_fake_settings *f, const struct lb_fake_node *node);

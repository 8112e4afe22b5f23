/* plat/fake/overlay_deeds.h - what bringing an overlay up and resetting it both do to the disk of
 * the fake. For plat/fake only. All take an operation each, and fail as the test asks for. */
#pragma once

#include "plat/fake/overlay.h"

/* The power goes in the middle of a deed. */
void lb_fake_overlay_cut(void *ctx, const struct lb_fake_fate *fate);

/* An operation that changes nothing that survives. */
MUST_CHECK int lb_fake_overlay_look(struct lb_fake_overlay *f);

/* Make the disk `whole`, or what becomes of that when it goes wrong. */
MUST_CHECK int lb_fake_overlay_change(struct lb_fake_overlay *f, struct lb_fake_overlay_disk whole,
				      enum lb_fake_deed deed);

/* Delete what is on the mounted disk. Nothing of it is certain to last before the last operation,
 * the sync. */
MUST_CHECK int lb_fake_overlay_delete(struct lb_fake_overlay *f, bool keep);

/* In the record; LB_E(NOENT) when there is none. */
MUST_CHECK int lb_fake_overlay_note(struct lb_fake_overlay *f, enum lb_fake_note note);
MUST_CHECK int lb_fake_overlay_state_write(void *ctx, enum lb_fs_state state);

/* What is different on flash; plat/fake/overlay_flash.c. */
MUST_CHECK int lb_fake_flash_format(struct lb_fake_overlay *f);
MUST_CHECK int lb_fake_flash_mount(struct lb_fake_overlay *f);
MUST_CHECK int lb_fake_flash_mark(struct lb_fake_overlay *f);
MUST_CHECK int lb_fake_flash_erase(struct lb_fake_overlay *f);
bool lb_fake_is_flash(const struct lb_fake_overlay *f);

/* The disk, with a file system on its flash that has at least that many blocks. */
struct lb_fake_overlay_disk lb_fake_flash_grown(struct lb_fake_overlay_disk disk, unsigned blocks);
enum lb_overlay_content lb_fake_flash_content(const struct lb_fake_overlay *f);

/* Abort unless something is mounted that has a `what`. */
void lb_fake_overlay_need(const struct lb_fake_overlay *f, const char *what);

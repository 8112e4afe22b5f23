/* store/settings_write.h - make a settings archive: gzip over tar, the manifest first.
 *
 * First declare every member with its hash, then write the manifest, then every member again in the
 * same order with its content. What changed in between makes an archive that does not verify.
 */
#pragma once

#include "image/manifest.h"

struct lb_settings_sink {
	void *ctx;
	int (*write)(void *ctx, const void *buf, size_t n); /* all of it, or LB_E(...) */
};

struct lb_settings_writer;

/* LB_E(NOSPC): no memory. `to` has to outlive the writer. */
MUST_CHECK int lb_settings_write_begin(struct lb_settings_writer **out,
				       const struct lb_settings_sink *to);
void lb_settings_write_closep(struct lb_settings_writer **w);

/* LB_E(RANGE): more than a manifest may hold. */
MUST_CHECK int lb_settings_declare(struct lb_settings_writer *w, const struct lb_member *m);

/* `head`: board, system and date. */
MUST_CHECK int lb_settings_write_manifest(struct lb_settings_writer *w,
					  const struct lb_manifest *head);
/* LB_E(RANGE): a size or an owner that tar cannot hold. */
MUST_CHECK int lb_settings_write_member(struct lb_settings_writer *w, const struct lb_member *m);
MUST_CHECK int lb_settings_write_data(struct lb_settings_writer *w, const void *buf, size_t n);
MUST_CHECK int lb_settings_write_end(struct lb_settings_writer *w);

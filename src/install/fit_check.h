/* install/fit_check.h - the checksums within a flattened image tree, over a file that comes in
 * pieces. Takes the same memory for images of any size. */
#pragma once

#include <md5.h> /* sha1.h leans on it for its types */
#include <sha1.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "image/fit_tree.h"
#include "install/hash.h"

struct lb_fit_sum {
	uint32_t crc32;
	SHA1_CTX sha1;
	struct lb_sha256 sha256;
};

struct lb_fit_check {
	struct lb_fit_tree tree;
	struct lb_fit_sum inside; /* of the value that goes by */
	/* Of the images behind the tree, by their number; only for those that have one. */
	struct lb_fit_sum behind[LB_FIT_IMAGES_MAX];
	bool begun; /* `behind` */
	uint64_t at;
};

/* `c` must stay where it is. */
void lb_fit_check_begin(struct lb_fit_check *c);
void lb_fit_check_feed(struct lb_fit_check *c, const void *data, size_t n);

/* All has come. 0: each image has a checksum, and it is right. LB_E(STATE): nothing is wrong, but
 * not every image has a checksum by a method that is known. LB_E(CRC) the one of `name` is wrong,
 * LB_E(TRUNC) the file ends before `name`, LB_E(FORMAT) a checksum of `name` is not whole: `name`
 * points into `c`. LB_E(RANGE): the tree makes no sense. */
MUST_CHECK int lb_fit_check_end(struct lb_fit_check *c, const char **name);

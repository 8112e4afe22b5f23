/* image/formats.h - one parser per row of tables/images.def (pure); for identify.c.
 *
 * `head` starts at the first byte of the file. 0 with `out` filled in, LB_E(FORMAT) when it is
 * something else after all, LB_E(TRUNC|CRC|RANGE) when it is this format with a header that makes
 * no sense. `out` comes with its kind set and the rest 0. */
#pragma once

#include "base/bytes.h"
#include "image/identify.h"

typedef int lb_image_parser(struct lb_image *out, struct lb_rd head);

lb_image_parser lb_parse_sysupgrade_tar, lb_parse_rootfs, lb_parse_ext4; /* identify.c */
lb_image_parser lb_parse_fit;						 /* fit_tree.c */
lb_image_parser lb_parse_uimage, lb_parse_trx, lb_parse_ubi;		 /* boot.c */
lb_image_parser lb_parse_gpt, lb_parse_mbr;				 /* disk.c */
lb_image_parser lb_parse_xiaomi, lb_parse_chk, lb_parse_dni, lb_parse_ubnt,
	lb_parse_seama;							     /* vendor.c */
lb_image_parser lb_parse_tplink_v1, lb_parse_tplink_v2, lb_parse_safeloader; /* tplink.c */

/* Text of a header as a person may see it: up to the first NUL or n bytes; what is not printable
 * becomes '?', what does not fit is cut. */
void lb_image_text(char out[LB_NAME_MAX], struct lb_rd *r, size_t n);

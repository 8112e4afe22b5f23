/* install/metadata.h - OpenWrt's metadata: JSON in, a struct out. */
#pragma once

#include "base/err.h"
#include "image/metadata.h"

/* 0; LB_E(FORMAT) when it is no JSON object, or a known key has something else than it should;
 * LB_E(RANGE) when a board's name or the list of boards is longer than anybody's. On failure `out`
 * is untouched. Of images with a compat_version other than 1.0 new_supported_devices is the list,
 * and what stands in supported_devices is a sentence for old systems. */
MUST_CHECK int lb_metadata_parse(struct lb_metadata *out, const void *json, size_t n);

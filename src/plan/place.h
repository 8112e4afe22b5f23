/* plan/place.h - where a board file says that an image lies (pure). */
#pragma once

#include "base/err.h"
#include "tables/limits.h"

/* Split "PLACE" or "PLACE:/path": what lb_blockdev_find() takes goes to `device`; the result points
 * to the path of the file on that device's file system, or to "" when the image fills the device
 * from its start. The path keeps its leading "/". A device of which nothing is left is "". */
const char *lb_place_split(const char *place, char device[LB_PATH_MAX]);

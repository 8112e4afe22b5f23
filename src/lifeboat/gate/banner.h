/* lifeboat/gate/banner.h - what a person sees who has come to a router in trouble. */
#pragma once

#include <stdio.h>

/* Where the device is, why, and what can be done; from the status file. */
void lb_banner_print(FILE *to);

/* lifeboat/applet.h - one file per applet, one row per applet in tables/applets.def. */
#pragma once

#include "tables/tables.h"

/* argv[0] is the applet's name. Returns a code of tables/exits.def. */
#define APPLET(id, name, alias, args, help) int applet_##id(int argc, char **argv);
#include "tables/applets.def"
#undef APPLET

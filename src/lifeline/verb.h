/* lifeline/verb.h - one file per verb, one row per verb in tables/verbs.def. */
#pragma once

enum lb_line_exit {
#define EXIT(id, code, help) LB_LINE_##id = (code),
#include "tables/lifeline_exits.def"
#undef EXIT
};

/* argv[0] is the verb's name. Returns a code of tables/lifeline_exits.def. */
#define VERB(id, name, args, help) int verb_##id(int argc, char **argv);
#include "tables/verbs.def"
#undef VERB

/* web/host.h - was a request meant for this router? A page of somebody else's, open in the same
 * browser, may have a name that leads to the rescue address (DNS rebinding): it then asks us by
 * that name. Pure. */
#pragma once

#include <stdbool.h>

/* `host`: the field "Host" of the request, NULL = it has none. Ours are the address, as
 * "192.0.2.1", and the name (letters in either case, "" = there is none), both with or without
 * ":80". */
bool lb_host_is_ours(const char *host, const char *address, const char *name);

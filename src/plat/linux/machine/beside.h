/* plat/linux/machine/beside.h - a child that stays beside the running system. */
#pragma once

/* In the child: no descriptor of its parent but 0 to 2, a session of its own, "/" as its directory,
 * and the log goes to the consoles. `name`: at most 15 bytes, for ps(1). */
void lb_beside(const char *name);

/* sysupgrade: install an image and keep the settings; names and options are OpenWrt's. */
#include "lifeboat/upgrade/sysupgrade.h"

#include "lifeboat/applet.h"

int applet_sysupgrade(int argc, char **argv)
{
	struct lb_sysupgrade o;
	int code = lb_sysupgrade_options(argc, argv, &o);

	if (code != LB_EXIT_OK)
		return code;
	if (o.help) {
		lb_sysupgrade_usage();
		return LB_EXIT_OK;
	}
	if (o.list)
		return lb_sysupgrade_list(&o);
	if (o.create)
		return lb_sysupgrade_create(&o, o.create);
	if (o.restore)
		return lb_sysupgrade_restore(&o, o.restore);
	return lb_sysupgrade_image(&o);
}

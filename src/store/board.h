/* store/board.h - what differs between boards, read from one board file (docs/board.md, libConfuse
 * syntax).
 *
 * The struct owns all its strings; it holds no pointers and may be copied.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/ptable_new.h"
#include "plan/bootenv.h"
#include "plat/button.h"
#include "tables/limits.h"
#include "tables/tables.h"

#define LB_BOARD_FILE "/etc/lifeboat/board.conf"

/* How the running system gets the watchdog. */
enum lb_handover {
	LB_HANDOVER_DISARM, /* magic close: for a system without a watchdog daemon */
	LB_HANDOVER_KEEP,   /* left armed, descriptor passed on in WDTFD as procd does */
};

/* Who keeps what is known of the slots. */
enum lb_slot_store_kind {
	LB_SLOT_STORE_RECORD,	 /* the recovery record */
	LB_SLOT_STORE_UBOOT_ENV, /* the boot loader's environment: the loader chooses the slot */
};

/* A service that must be there for a system to be healthy. */
enum lb_service_kind {
	LB_SERVICE_PID, /* `what` is a file with the number of a process that runs */
	LB_SERVICE_TCP, /* `port` is listened on */
	LB_SERVICE_RUN, /* `what` is a command that ends with 0 */
};

struct lb_health_service {
	enum lb_service_kind kind;
	unsigned port;
	char what[LB_COMMAND_MAX];
};

/* One of two places of a whole system. */
struct lb_slot_place {
	char name[LB_SLOT_NAME_MAX];
	char root[LB_PATH_MAX];	  /* as lb_blockdev_find() takes it */
	char kernel[LB_PATH_MAX]; /* the same, where the boot loader finds the one of this slot; ""
				     = not said */
};

struct lb_board {
	char id[LB_NAME_MAX];	    /* "vendor,model" as in the device tree */
	char name[LB_NAME_MAX];	    /* for people */
	char serial[LB_SERIAL_MAX]; /* "" = ask the machine */
	enum lb_profile profile;

	unsigned window_ms;   /* 0 = no window; default 4000, of which OpenWrt's users know */
	unsigned debounce_ms; /* a key must be down this long to count; default 20 */
	enum lb_policy failsafe;

	struct lb_button buttons[LB_BUTTONS_MAX];
	size_t button_count;
	char leds[LB_ROLE_COUNT][LB_NAME_MAX];	       /* names below /sys/class/leds; "" = none */
	char held_leds[LB_HELD_LEDS_MAX][LB_NAME_MAX]; /* that blink while a button that was held
							  long enough may be let go of */
	size_t held_led_count;

	char lan_ports[LB_LAN_PORTS_MAX][LB_IFNAME_MAX]; /* none listed = the first Ethernet port */
	size_t lan_port_count;
	char wan_ports[LB_LAN_PORTS_MAX][LB_IFNAME_MAX]; /* of the rescue mode "internet" alone,
							    but for those that are LAN ports too */
	size_t wan_port_count;
	uint32_t address;     /* rescue address, host byte order; default 192.168.1.1 */
	unsigned prefix_bits; /* default 24 */
	bool dhcp_server;     /* default false */
	bool page;	      /* for browsers, unless failsafe is off; default true */

	bool console_shell; /* a shell on the serial console in failsafe; default true */

	char root[LB_PATH_MAX];	     /* as lb_blockdev_find() takes it; default PARTLABEL=rootfs */
	char kernel[LB_PATH_MAX];    /* the same, where the boot loader finds it; "" = not said,
					the default */
	char subvolume[LB_NAME_MAX]; /* of a btrfs root, such as "@"; "" = what the file system
					says, the default */
	char record[LB_PATH_MAX];    /* where the recovery record lives; "" = nowhere; default
					PARTLABEL=lifeboat */
	char factory_image[LB_PATH_MAX]; /* what lb_place_split() takes; "" = none, the default */
	char protected_names[LB_PROTECTED_MAX]
			    [LB_NAME_MAX]; /* partitions and volumes that are never
					erased, besides tables/protected.def */
	size_t protected_name_count;

	struct lb_slot_place slots[LB_SLOTS_MAX];
	size_t slot_count;	       /* 0: `root` is the only system; else LB_SLOTS_MAX */
	unsigned slot_tries;	       /* default 3 */
	unsigned slot_toggle;	       /* default 3; 0 = no toggle */
	unsigned slot_stable_ms;       /* a boot that lasted this long lasted; default 30000 */
	unsigned slot_confirm_minutes; /* 0 = no confirmation; the default */
	enum lb_slot_store_kind slot_store;
	struct lb_bootenv_place slot_env[LB_BOOTENV_COPIES]; /* of LB_SLOT_STORE_UBOOT_ENV */
	size_t slot_env_count;		    /* 0: where /etc/fw_env.config says, the default */
	enum lb_bootenv_scheme slot_scheme; /* default LIFEBOAT */
	char boot_counter[LB_PATH_MAX]; /* flash partition with Linksys' boot counter; "" = none,
					   the default */
	unsigned health_ms; /* how long a new system has to become healthy; default 180000 */
	char health_links[LB_HEALTH_MAX][LB_IFNAME_MAX]; /* one of them must have link */
	size_t health_link_count;
	char health_addresses[LB_HEALTH_MAX][LB_IFNAME_MAX]; /* each must have an address */
	size_t health_address_count;
	struct lb_health_service health_services[LB_HEALTH_MAX]; /* each must be there */
	size_t health_service_count;

	char init[LB_PATH_MAX];	   /* the operating system's init; default /sbin/init */
	char modules[LB_PATH_MAX]; /* list of kernel modules; default /etc/lifeboat/modules */

	/* Which images this board takes. */
	char image_names[LB_IMAGE_NAMES_MAX][LB_NAME_MAX]; /* besides the id */
	size_t image_name_count;
	char image_keys[LB_PATH_MAX]; /* directory of keys; default /etc/opkg/keys */
	/* Per door; what holds for a command holds for each: lb_board_wants_signature(). Default:
	 * only over the network. */
	bool signature_required[LB_DOOR_COUNT];
	char compat_version[LB_NAME_MAX]; /* OpenWrt's, of the settings; "" = ask the system */
	char min_version[LB_NAME_MAX];	  /* "" = any */
	unsigned image_max_kib;		  /* 0 = not known */

	/* Rescue modes that a person chooses at power-on; none listed = there is no such menu. */
	enum lb_mode menu_modes[LB_MODE_COUNT]; /* each goes on to the one behind it */
	size_t menu_mode_count;
	enum lb_mode menu_start;   /* one of them; default REBOOT */
	unsigned menu_hold_ms;	   /* the button opens the menu after this; default 1000 */
	unsigned menu_wait_ms;	   /* to object to a mode, twice; default 3000 */
	unsigned menu_ssh_idle_ms; /* mode "ssh" ends when nobody was there for so long; default 30
				      min */
	unsigned
		menu_hang_ms; /* a mode that gets no further for so long is ended; default 15 min */
	unsigned menu_back_ms; /* a failure is shown for so long; 0 = for ever; default 300000 */
	/* The disk that the root lies on, and the partitions that it gets where it has none. */
	char card_device[LB_PATH_MAX]; /* "" = it never gets any, the default */
	struct lb_ptable_layout card;
	unsigned reflash_wait_ms; /* for a stick with a medkit; default 30000 */

	/* Of a root with a subvolume: snapshots that nobody has to think of. */
	bool snapshot_before_update; /* default true */
	bool snapshot_weekly;	     /* default true */
	unsigned snapshot_keep;	     /* so many weekly ones, and of updates; default 5 */

	/* What the rescue mode "internet" gets, and how. */
	char internet_url[LB_PATH_MAX];		       /* of a medkit; "" = none, the default */
	char internet_ca[LB_PATH_MAX];		       /* CA certificates; default
							  /etc/ssl/certs/ca-certificates.crt */
	char internet_dns[LB_DNS_MAX][LB_ADDRESS_MAX]; /* asked when the net names no server */
	size_t internet_dns_count;

	char watchdog[LB_PATH_MAX];	    /* device; "" = none; default /dev/watchdog */
	unsigned watchdog_timeout_s;	    /* default 30 */
	enum lb_handover watchdog_handover; /* default DISARM */

	enum lb_takeover_way takeover; /* how the running init makes way; default AUTO */
};

/* Built-in defaults: no LED, no button, first Ethernet port, console. */
void lb_board_defaults(struct lb_board *out);

/* A button of which only the code is known: what it does, and when, on a board of that profile. */
void lb_board_button_defaults(struct lb_button *button, enum lb_profile profile);

/* Does this board take signed images only from whoever comes through that door? */
bool lb_board_wants_signature(const struct lb_board *b, enum lb_door door);

/* Read a board file. 0 on success. On failure `out` is untouched and `why` is one sentence that
 * names file:line and what to write instead: LB_E(NOENT) no such file, LB_E(FORMAT) anything that
 * is wrong in it, LB_E(IO) it cannot be read. `why` may be NULL. */
MUST_CHECK int lb_board_load(struct lb_board *out, const char *path, char why[LB_SENTENCE_MAX]);

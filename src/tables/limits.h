/* tables/limits.h - every fixed size in one place, with its reason. */
#pragma once

#define LB_BUTTONS_MAX	     8	/* the best equipped router of OpenWrt's device table has 5 */
#define LB_LAN_PORTS_MAX     16 /* a 16-port switch, each port a network device (DSA) */
#define LB_HELD_LEDS_MAX     16 /* of Ethernet ports: one of each */
#define LB_PROTECTED_MAX     16 /* names that one board adds; its layout has 20 at most */
#define LB_NAME_MAX	     64 /* LED, button, board names: longest in Linux device trees is about 40 */
#define LB_IFNAME_MAX	     16	 /* IFNAMSIZ */
#define LB_DNS_MAX	     3	 /* name servers: what resolv.conf(5) takes */
#define LB_ADDRESS_MAX	     64	 /* an IPv6 address with the name of a port behind it has 55 */
#define LB_PATH_MAX	     256 /* paths in board files; PATH_MAX would waste the stack of PID 1 */
#define LB_SERIAL_MAX	     64	 /* serial numbers: device tree strings, SMBIOS 2.x text */
#define LB_COMMAND_MAX	     128 /* of a button: a program and some words; more goes into a script */
#define LB_LINE_MAX	     128      /* one typed console line in the window */
#define LB_IMAGE_NAMES_MAX   8	      /* makers name a board twice or three times */
#define LB_CARD_PARTS_MAX    8	      /* loader, record, root, data, and as many again */
#define LB_CARD_NAME_MAX     37	      /* a GPT has 36 characters for it */
#define LB_SLOTS_MAX	     2	      /* "dual firmware": no router has more */
#define LB_SLOT_NAME_MAX     16	      /* "rootfs_a", "primary" */
#define LB_BOOTENV_COPIES    2	      /* U-Boot knows no more */
#define LB_BOOTENV_NAME_MAX  32	      /* of a variable of tables/bootenv.def: the longest has 20 */
#define LB_BOOTENV_VALUE_MAX 32	      /* of its value: the longest has 18 */
#define LB_BOOTENV_VARS_MAX  16	      /* the good ones: 12; a scheme has 8 at most */
#define LB_BOOTENV_BYTES_MIN 64	      /* of an environment: anything less is a slip of the pen */
#define LB_BOOTENV_BYTES_MAX 0x100000 /* makers give it one erase block or two */
#define LB_HEALTH_MAX	     8 /* ports, interfaces or services that a health check looks at, each */
#define LB_SENTENCE_MAX	     256 /* one error or reason, said to a person */
#define LB_BLOB_MAX	     256 /* a recovery host key as dropbear stores it: ed25519 takes 83 bytes */
#define LB_RECORD_BYTES	     16384	/* one copy of the recovery record, log tail included */
#define LB_RECORD_COPIES     2		/* written in turn: a torn write leaves the other one */
#define LB_CLOCK_LEAST_S     1767225600 /* 2026-01-01: no Lifeboat is older */
#define LB_LOG_TAIL_BYTES    8192	/* some 60 boots at one line each */

/* In an overlay, beside upper or in it: OpenWrt's name for the settings that wait for a first boot.
 */
#define LB_OVERLAY_ARCHIVE "sysupgrade.tgz"

#include "tests/t.h"

#include <fcntl.h>
#include <linux/input-event-codes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/near.h"
#include "store/board_parse.h"
#include "store/board_text.h"
#include "store/board_value.h"
#include "tests/unit/board_text.h"

static void defaults__every_preset__is_what_board_h_promises(void **state)
{
	struct lb_board b;

	lb_board_defaults(&b);
	assert_string_equal(b.id, "unknown");
	assert_string_equal(b.serial, "");
	assert_int_equal(b.window_ms, 4000);
	assert_int_equal(b.debounce_ms, 20);
	assert_int_equal(b.failsafe, LB_POLICY_OPEN);
	assert_int_equal(b.button_count + b.lan_port_count + b.wan_port_count, 0);
	for (int role = 0; role < LB_ROLE_COUNT; role++)
		assert_string_equal(b.leds[role], "");
	assert_int_equal(b.address, 0xC0A80101);
	assert_int_equal(b.prefix_bits, 24);
	assert_false(b.dhcp_server);
	assert_true(b.page);
	assert_true(b.console_shell);
	assert_string_equal(b.root, "PARTLABEL=rootfs");
	assert_string_equal(b.record, "PARTLABEL=lifeboat");
	assert_string_equal(b.init, "/sbin/init");
	assert_string_equal(b.modules, "/etc/lifeboat/modules");
	assert_int_equal(b.image_name_count, 0);
	assert_string_equal(b.image_keys, "/etc/opkg/keys");
	assert_false(lb_board_wants_signature(&b, LB_DOOR_COMMAND));
	assert_false(lb_board_wants_signature(&b, LB_DOOR_REMOVABLE));
	assert_true(lb_board_wants_signature(&b, LB_DOOR_NETWORK));
	assert_string_equal(b.compat_version, "");
	assert_string_equal(b.min_version, "");
	assert_int_equal(b.image_max_kib, 0);
	assert_string_equal(b.watchdog, "/dev/watchdog");
	assert_int_equal(b.watchdog_timeout_s, 30);
	assert_int_equal(b.watchdog_handover, LB_HANDOVER_DISARM);
}

static void schema__each_key__can_be_found_and_its_section_stands_in_one_piece(void **state)
{
	for (int i = 0; i < LB_BOARD_KEY_COUNT; i++) {
		const struct lb_board_key *key = &lb_board_keys[i];

		assert_int_equal(lb_board_key_find(key->section, key->name), i);
		for (int j = 0; j < i - 1; j++)
			if (strcmp(lb_board_keys[j].section, key->section) == 0)
				assert_string_equal(lb_board_keys[i - 1].section, key->section);
	}
	assert_int_equal(lb_board_key_find("lan", "nothing"), LB_E(NOENT));
}

static void parse__empty_file__gives_the_defaults(void **state)
{
	struct lb_board b, defaults;

	memset(&b, 0x5A, sizeof(b));
	lb_board_defaults(&defaults);
	assert_int_equal(parse(&b, ""), 0);
	assert_memory_equal(&b, &defaults, sizeof(b));
	assert_int_equal(parse(&b, "# nothing\n\n/* and nothing */"), 0);
	assert_memory_equal(&b, &defaults, sizeof(b));
}

static void parse__every_key__reaches_its_field(void **state)
{
	static const char text[] =
		"id = \"a,b\" name = \"A b\" serial = 'S/N 1' profile = openwrt\n"
		"window { seconds = 7 failsafe = locked debounce_ms = 0 }\n"
		"button reset { input = \"gpio-keys\" key = \"KEY_RESTART\" }\n"
		"button \"wps\" { key = 0x211 short = 'run:/bin/echo \"a b\"' long = poweroff\n"
		"short_ms = 0 long_ms = 500 cancel_ms = 501 }\n"
		"led { boot = \"g:b\" failsafe = \"g:f\" running = \"g:r\" }\n"
		"lan { ports = {eth0, \"eth1\"} address = 10.0.0.1/8 dhcp_server = yes page = off }\n"
		"wan { ports = \"eth2\" }\n"
		"console { shell = false }\n"
		"storage { root = /dev/sda2 record = \"\" }\n"
		"image { names = {omnia, \"R-1\"} keys = /k signature = required\n"
		"signature_removable = required signature_network = if-there\n"
		"compat_version = '2.0' min_version = '23.05' max_kib = 7168 }\n"
		"watchdog { device = \"\" timeout_seconds = 60 handover = keep }\n"
		"system { init = /init2 modules = \"/etc/mods\" }\n";
	struct lb_board b;

	assert_int_equal(parse(&b, text), 0);
	assert_string_equal(b.id, "a,b");
	assert_string_equal(b.name, "A b");
	assert_string_equal(b.serial, "S/N 1");
	assert_int_equal(b.window_ms, 7000);
	assert_int_equal(b.failsafe, LB_POLICY_LOCKED);
	assert_int_equal(b.debounce_ms, 0);
	assert_int_equal(b.button_count, 2);
	assert_string_equal(b.buttons[0].name, "reset");
	assert_string_equal(b.buttons[0].input, "gpio-keys");
	assert_int_equal(b.buttons[0].code, KEY_RESTART);
	assert_string_equal(b.buttons[1].name, "wps");
	assert_string_equal(b.buttons[1].input, "");
	assert_int_equal(b.buttons[1].code, KEY_WPS_BUTTON);
	assert_int_equal(b.buttons[1].short_press.action, LB_ACTION_RUN);
	assert_string_equal(b.buttons[1].short_press.command, "/bin/echo \"a b\"");
	assert_int_equal(b.buttons[1].long_press.action, LB_ACTION_POWEROFF);
	assert_string_equal(b.buttons[1].long_press.command, "");
	assert_int_equal(b.buttons[1].short_ms, 0);
	assert_int_equal(b.buttons[1].long_ms, 500);
	assert_int_equal(b.buttons[1].cancel_ms, 501);
	assert_string_equal(b.leds[LB_ROLE_BOOT], "g:b");
	assert_string_equal(b.leds[LB_ROLE_FAILSAFE], "g:f");
	assert_string_equal(b.leds[LB_ROLE_RUNNING], "g:r");
	assert_int_equal(b.lan_port_count, 2);
	assert_string_equal(b.lan_ports[0], "eth0");
	assert_string_equal(b.lan_ports[1], "eth1");
	assert_int_equal(b.address, 0x0A000001);
	assert_int_equal(b.prefix_bits, 8);
	assert_true(b.dhcp_server && !b.page);
	assert_int_equal(b.wan_port_count, 1);
	assert_string_equal(b.wan_ports[0], "eth2");
	assert_false(b.console_shell);
	assert_string_equal(b.root, "/dev/sda2");
	assert_string_equal(b.record, "");
	assert_int_equal(b.image_name_count, 2);
	assert_string_equal(b.image_names[1], "R-1");
	assert_string_equal(b.image_keys, "/k");
	assert_true(b.signature_required[LB_DOOR_COMMAND]);
	assert_true(b.signature_required[LB_DOOR_REMOVABLE]);
	assert_false(b.signature_required[LB_DOOR_NETWORK]);
	/* What whoever has a shell must bring, nobody else is spared. */
	assert_true(lb_board_wants_signature(&b, LB_DOOR_NETWORK));
	assert_string_equal(b.compat_version, "2.0");
	assert_string_equal(b.min_version, "23.05");
	assert_int_equal(b.image_max_kib, 7168);
	assert_string_equal(b.watchdog, "");
	assert_int_equal(b.watchdog_timeout_s, 60);
	assert_int_equal(b.watchdog_handover, LB_HANDOVER_KEEP);
	assert_string_equal(b.init, "/init2");
	assert_string_equal(b.modules, "/etc/mods");
}

static void parse__id_without_a_name__is_the_name_too(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "id = \"a,b\""), 0);
	assert_string_equal(b.name, "a,b");
}

static void parse__comments_of_every_kind__leave_line_numbers_right(void **state)
{
	static const char text[] = "\xEF\xBB\xBF#\r\n"		/* 1: a byte order mark, too */
				   "// two\r\n"			/* 2 */
				   "/* 3\n 4\n 5 */ id = a\n"	/* 5 */
				   "lan {\n"			/* 6 */
				   "  ports = {eth0, # seven\n" /* 7 */
				   "    /* 8 */ eth1}\n"	/* 8 */
				   "  // } nine\n"		/* 9 */
				   "  dhcp_server = true\n"	/* 10 */
				   "} # eleven\n"		/* 11 */
				   "name = \"#not // a /* comment\"\n"
				   "button \"b\" {\n\nkey = 2 }\n";
	struct lb_board b;
	struct lb_board_lines lines;

	assert_int_equal(lb_board_parse(&b, &lines, text, strlen(text), "b.conf", why), 0);
	assert_int_equal(lines.key[LB_BOARD_ID], 5);
	assert_int_equal(lines.key[LB_BOARD_LAN_PORTS], 7);
	assert_int_equal(lines.key[LB_BOARD_LAN_DHCP], 10);
	assert_int_equal(lines.key[LB_BOARD_NAME], 12);
	assert_int_equal(lines.key[LB_BOARD_SECONDS], 0);
	assert_int_equal(lines.button[0], 15);
	assert_string_equal(b.name, "#not // a /* comment");
	assert_int_equal(b.lan_port_count, 2);
}

static void parse__unknown_key__says_what_was_meant(void **state)
{
	assert_refused("\nlan {\n adress = \"1\"\n}",
		       "b.conf:3: unknown key 'adress' in lan; did you mean 'address'?");
	assert_refused("windwo { }", "b.conf:1: unknown key 'windwo'; did you mean 'window'?");
	assert_refused("seconds = 4",
		       "b.conf:1: unknown key 'seconds'; it belongs into window { ... }");
	assert_refused("lan { id = a }",
		       "b.conf:1: unknown key 'id' in lan; it belongs outside of the sections");
	assert_refused("wan { colour = 1 }",
		       "b.conf:1: unknown key 'colour' in wan; there may be: ports");
	assert_refused(
		"zzzzzzzz = 1",
		"b.conf:1: unknown key 'zzzzzzzz'; there may be: id, name, serial, profile, "
		"window, button, led, lan, wan, console, storage, slot, slots, health, image, "
		"menu, card, reflash, snapshots, internet, watchdog, system");
}

static void parse__wrong_value__says_what_to_write(void **state)
{
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{"window {\nfailsafe = \"closed\"}",
		 "b.conf:2: window.failsafe must be \"open\", \"locked\" or \"off\", not \"closed\""},
		{"window { seconds = four }",
		 "b.conf:1: window.seconds must be a whole number from 0 to 60, not \"four\""},
		{"window { seconds = 61 }",
		 "b.conf:1: window.seconds must be a whole number from 0 to 60, not \"61\""},
		{"window { seconds = -1 }",
		 "b.conf:1: window.seconds must be a whole number from 0 to 60, not \"-1\""},
		{"window { seconds = 4294967300 }",
		 "b.conf:1: window.seconds must be a whole number from 0 to 60, not \"4294967300\""},
		{"window { debounce_ms = 99999999999999999999 }",
		 "b.conf:1: window.debounce_ms must be a whole number from 0 to 500, not "
		 "\"99999999999999999999\""},
		{"window { debounce_ms = 2.5 }",
		 "b.conf:1: window.debounce_ms must be a whole number from 0 to 500, not \"2.5\""},
		{"watchdog { timeout_seconds = 4 }",
		 "b.conf:1: watchdog.timeout_seconds must be a whole number from 5 to 600, not \"4\""},
		{"watchdog { handover = give }",
		 "b.conf:1: watchdog.handover must be \"disarm\" or \"keep\", not \"give\""},
		{"watchdog { device = watchdog0 }",
		 "b.conf:1: watchdog.device must be an absolute path such as \"/dev/watchdog\", not "
		 "\"watchdog0\""},
		{"lan { dhcp_server = maybe }",
		 "b.conf:1: lan.dhcp_server must be true or false, not \"maybe\""},
		{"profile = \"turris\"",
		 "b.conf:1: profile must be \"openwrt\" or \"turris-mox\", not \"turris\""},
		{"button a { key = 1 }\nprofile = turris-mox",
		 "b.conf:2: profile must stand before the first button: move it up"},
		{"id = \"\"",
		 "b.conf:1: id must not be empty: give it a value or leave the line out"},
		{"id = \"a b\"", "b.conf:1: id must be letters, digits and , . _ + - as in "
				 "\"vendor,model\", not \"a b\""},
		{"id = \"\xC3\xA4\"", "b.conf:1: id must be letters, digits and , . _ + - as in "
				      "\"vendor,model\", not \"??\""},
		{"led { boot = \"/sys/class/leds/x\" }",
		 "b.conf:1: led.boot must be a name below /sys/class/leds such as \"green:status\", "
		 "not \"/sys/class/leds/x\""},
		{"led { boot = \"..\" }",
		 "b.conf:1: led.boot must be a name below /sys/class/leds such as \"green:status\", "
		 "not \"..\""},
		{"system { init = sbin/init }",
		 "b.conf:1: system.init must be an absolute path such "
		 "as \"/sbin/init\", not \"sbin/init\""},
		{"system { init = \"\" }",
		 "b.conf:1: system.init must not be empty: give it a value or leave the line out"},
		{"storage { root = \"LABEL=x\" }",
		 "b.conf:1: storage.root must be \"PARTLABEL=...\", \"PARTUUID=...\", "
		 "\"MTD=...\", \"UBI=...\" or a path below /dev, not \"LABEL=x\""},
		{"storage { record = \"MTD=\" }",
		 "b.conf:1: storage.record must be a place such as \"PARTLABEL=factory\", or a file "
		 "on one such as \"PARTLABEL=data:/path/of/it\", not \"MTD=\""},
		{"storage { factory_image = \"/images/root.img\" }",
		 "b.conf:1: storage.factory_image must be a place such as \"PARTLABEL=factory\", or a "
		 "file on one such as \"PARTLABEL=data:/path/of/it\", not \"/images/root.img\""},
		{"storage { factory_image = \"PARTLABEL=:/root.img\" }",
		 "b.conf:1: storage.factory_image must be a place such as \"PARTLABEL=factory\", or a "
		 "file on one such as \"PARTLABEL=data:/path/of/it\", not \"PARTLABEL=:/root.img\""},
		{"storage { factory_image = \"/dev/sda2:/\" }",
		 "b.conf:1: storage.factory_image must be a place such as \"PARTLABEL=factory\", or a "
		 "file on one such as \"PARTLABEL=data:/path/of/it\", not \"/dev/sda2:/\""},
		{"name = \"\xC3\xA4\xC3\xB6 0123456789012345678901234567890123456789012345678901234567890\"",
		 "b.conf:1: name must have at most 63 bytes, not 66"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(rows[i].text, rows[i].sentence);
}

static void parse__address__must_be_one_that_a_host_can_have(void **state)
{
	static const struct {
		const char *text, *sentence;
	} rows[] = {
		{"192.168.1.1",
		 "have a prefix length such as \"192.168.1.1/24\", not just \"192.168.1.1\""},
		{"192.168.1.1/", "have a prefix length from 8 to 30 after the '/', not \"\""},
		{"192.168.1.1/7", "have a prefix length from 8 to 30 after the '/', not \"7\""},
		{"192.168.1.1/31", "have a prefix length from 8 to 30 after the '/', not \"31\""},
		{"192.168.1.1/24/1",
		 "have a prefix length from 8 to 30 after the '/', not \"24/1\""},
		{"192.168.1.256/24",
		 "be an IPv4 address such as \"192.168.1.1/24\", not \"192.168.1.256/24\""},
		{"router/24", "be an IPv4 address such as \"192.168.1.1/24\", not \"router/24\""},
		{"fe80::1111:2222:3333:4444:5555/24",
		 "be an IPv4 address such as \"192.168.1.1/24\", not \"fe80::1111:2222:3333:4444:5555/24\""},
		{"192.168.1.0/24",
		 "be the address of a host, but \"192.168.1.0/24\" is the network "
		 "address of its network"},
		{"192.168.1.7/30",
		 "be the address of a host, but \"192.168.1.7/30\" is the broadcast "
		 "address of its network"},
		{"127.0.0.1/8", "be an address that a PC can reach such as \"192.168.1.1/24\", not "
				"\"127.0.0.1/8\""},
		{"224.0.0.1/24",
		 "be an address that a PC can reach such as \"192.168.1.1/24\", not "
		 "\"224.0.0.1/24\""},
		{"0.1.2.3/24", "be an address that a PC can reach such as \"192.168.1.1/24\", not "
			       "\"0.1.2.3/24\""},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128], sentence[LB_SENTENCE_MAX];

		(void)snprintf(text, sizeof(text), "lan { address = \"%s\" }", rows[i].text);
		(void)snprintf(sentence, sizeof(sentence), "b.conf:1: lan.address must %s",
			       rows[i].sentence);
		assert_refused(text, sentence);
	}
}

static void parse__address_in_the_middle_of_its_network__is_fine(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "lan { address = 192.168.1.127/24 }"), 0);
	assert_int_equal(parse(&b, "lan { address = 192.168.1.128/24 }"), 0);
	assert_int_equal(parse(&b, "lan { address = 10.0.0.255/8 }"), 0);
	assert_int_equal(b.address, 0x0A0000FF);
}

static void parse__port_in_both_lists__is_lan_and_wan(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "wan { ports = {eth0} }\nlan { ports = {eth1, eth0} }"), 0);
	assert_int_equal(b.lan_port_count, 2);
	assert_string_equal(b.lan_ports[1], "eth0");
	assert_int_equal(b.wan_port_count, 1);
	assert_string_equal(b.wan_ports[0], "eth0");
}

static void parse__ports__are_real_names_once_in_a_list(void **state)
{
	assert_refused("lan { ports = {eth0, eth0} }",
		       "b.conf:1: lan.ports lists \"eth0\" twice: take one of them out");
	assert_refused("lan { ports = {eth1} }\nwan {\nports = {eth0,\neth0} }",
		       "b.conf:4: wan.ports lists \"eth0\" twice: take one of them out");
	assert_refused(
		"lan { ports = {\"eth 0\"} }",
		"b.conf:1: lan.ports must list network interfaces such as \"eth0\", not \"eth 0\"");
	assert_refused("lan { ports = {\"abcdefghijklmnop\"} }",
		       "b.conf:1: lan.ports must have at most 15 bytes, not 16");
	assert_refused("lan { ports = {a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q} }",
		       "b.conf:1: lan.ports must list at most 16 ports");
}

static void parse__buttons__have_a_name_a_key_and_a_limit(void **state)
{
	assert_refused(
		"button \"r\" {\nkey = KEY_RESTRT }",
		"b.conf:2: button.key knows no key \"KEY_RESTRT\"; did you mean \"KEY_RESTART\"?");
	assert_refused("button \"r\" { key = zzz }",
		       "b.conf:1: button.key knows no key \"zzz\"; write a name such as "
		       "\"KEY_RESTART\" or the number from linux/input-event-codes.h");
	assert_refused("button \"r\" { key = 0 }",
		       "b.conf:1: button.key must be a key code from 1 to 767, not 0");
	assert_refused("button \"r\" { key = 0x300 }",
		       "b.conf:1: button.key must be a key code from 1 to 767, not 0x300");
	assert_refused(
		"button \"r\" { input = x }",
		"b.conf:1: button \"r\" has no key: add a line such as  key = \"KEY_RESTART\"");
	assert_refused(
		"button { key = 1 }",
		"b.conf:1: this button has no name: write it before the brace, as in  button \"reset\" { ... }");
	assert_refused("button \"\" { key = 1 }",
		       "b.conf:1: the name of a button must have 1 to 63 "
		       "bytes: button \"NAME\" { ... }");
	assert_refused(
		"button \"a/b\" { key = 1 }",
		"b.conf:1: the name of a button must be letters, digits and . _ -, not \"a/b\"");
	assert_refused("button r { key = 1 }\nbutton r { key = 2 }",
		       "b.conf:2: the name \"r\" is taken already: give this one another name");
	assert_refused("button r { key = 1 input = a }\nbutton s {\nkey = 1\n}",
		       "b.conf:3: button \"s\" has the same key as button \"r\": give it its own");
	assert_refused(
		"button a {key=1} button b {key=2} button c {key=3} button d {key=4}\n"
		"button e {key=5} button f {key=6} button g {key=7} button h {key=8}\n"
		"button i {key=9}",
		"b.conf:3: there are more than 8 buttons: keep the ones that a person can reach");
}

static void parse__same_key_of_two_named_inputs__is_two_buttons(void **state)
{
	struct lb_board b;

	assert_int_equal(parse(&b, "button r { key=1 input=a } button s { key=1 input=b }"), 0);
	assert_int_equal(b.button_count, 2);
}

static void parse__key_set_twice__names_the_first_line(void **state)
{
	assert_refused("id = a\n\nid = b",
		       "b.conf:3: id was set in line 1 already: take one of them out");
	assert_refused("lan { ports = {a} }\nlan { ports = {b} }",
		       "b.conf:2: lan.ports was set in line 1 already: take one of them out");
	assert_refused("button r { key = 1\nkey = 2 }",
		       "b.conf:2: button.key was set in line 1 already: take one of them out");
}

static void parse__broken_syntax__is_said_in_plain_words(void **state)
{
	static const char value_place[] =
		"text in quotes cannot stand here: keys go without quotes, "
		"and a value follows an '='";
	static const char form[] =
		"cannot stand here: write  key = value,  key = {\"a\", \"b\"}  or  name { ... }";
	const struct {
		const char *text, *place, *sentence;
	} rows[] = {
		{"\nlan {\n\n", "2: ", "the '{' of this line is never closed: add a '}'"},
		{"lan {\nwan {\n}", "2: ",
		 "a section cannot have another section in it: close the one of line 1 with '}' first"},
		{"lan {\nports = {\na, {", "3: ",
		 "a list cannot have another '{' in it: close the list of line 2 with '}' first"},
		{"\n}", "2: ",
		 "this '}' closes nothing: take it out, or add the '{' that is missing before it"},
		{"\nid = \"x\nname = \"y\"",
		 "2: ", "a quote opens in this line and is not closed: add the missing \""},
		{"id = 'x",
		 "1: ", "a quote opens in this line and is not closed: add the missing '"},
		{"id = 1\n/* x\n", "2: ", "the comment that starts here has no end: add */"},
		{"id = a;", "1: ", "the character ';' can stand only between quotes"},
		{"id = \xC3\xA4",
		 "1: ", "the byte 0xc3 can stand only between quotes: save the file as plain text"},
		{"id = \"\\x41\"",
		 "1: ", "a backslash has no meaning in a board file: leave it out"},
		{"id = \"a\tb\"",
		 "1: ", "the quoted text has a control character (byte 0x09) in it"},
		{"id = ${HOME}", "1: ", "the character '$' can stand only between quotes"},
		{"id = \"${HOME}\"", "1: ",
		 "a board file cannot use variables such as ${NAME}: write the value itself"},
		{"include(\"/etc/passwd\")", "1: ",
		 "a board file has no functions such as include(): write the settings themselves"},
		{"lan { ports += {a} }", "1: ", "the character '+' can stand only between quotes"},
		{"lan { ports = {\"a\" \"b\"} }", "1: ", value_place},
		{"\"id\" = 3", "1: ", value_place},
		{"lan { \"ports\" = a }", "1: ", value_place},
		{"\"button='x\" = 3", "1: ", value_place},
		{"id = 4 \"button='x\" {", "1: ", value_place},
		{"lan|address = 1", "1: ", "the character '|' can stand only between quotes"},
		{"id\nname = \"y\"", "2: ", "there is no '=' after 'id': write  key = value"},
		{"lan ports = 3",
		 "1: ", "there is no '{' after 'lan': a section is written  name { ... }"},
		{"id =", "1: ",
		 "the file ends, or a setting does, before it is complete: write  key = value"},
		{"lan { address = }", "1: '}' ", form},
		{"id = {\"a\"}", "1: '{' ", form},
		{"lan { ports = {a b} }", "1: 'b' ", form},
		{"= 3", "1: '=' ", form},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char sentence[LB_SENTENCE_MAX];

		(void)snprintf(sentence, sizeof(sentence), "b.conf:%s%s", rows[i].place,
			       rows[i].sentence);
		assert_refused(rows[i].text, sentence);
	}
}

static void parse__zero_byte__is_refused(void **state)
{
	struct lb_board b;

	assert_int_equal(lb_board_parse(&b, NULL, "id = a\0b", 8, "b.conf", why), LB_E(FORMAT));
	assert_string_equal(why, "b.conf:1: the file has a zero byte in it: save it as plain text");
}

static void parse__after_every_kind_of_failure__the_next_file_is_read_right(void **state)
{
	static const char *const bad[] = {
		"id = 'x", "lan {", "lan { ports = {a,", "button \"b\" {key=", "/*", "id = {"};
	struct lb_board b;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse(&b, bad[i]), LB_E(FORMAT));
		assert_int_equal(parse(&b, "id = \"good\"\nlan { ports = {a} }"), 0);
		assert_string_equal(b.id, "good");
		assert_int_equal(b.lan_port_count, 1);
	}
}

static void parse__every_truncation__never_crashes_and_keeps_outputs(void **state)
{
	static const char text[] =
		"id = \"a\" button \"r\" { key = \"KEY_RESTART\" } # x\n"
		"lan { ports = {\"eth0\", 'eth1'} /* y */ address = \"10.0.0.1/8\" }\n";
	unsigned fine = 0;

	for (size_t n = 0; n < sizeof(text); n++) {
		struct lb_board b, before;
		int rc;

		memset(&b, 0x5A, sizeof(b));
		before = b;
		rc = lb_board_parse(&b, NULL, text, n, "b.conf", NULL);
		if (rc < 0)
			assert_memory_equal(&b, &before, sizeof(b));
		fine += rc == 0;
	}
	assert_in_range(fine, 2, sizeof(text) - 2);
}

static void sentence__long_path__keeps_its_end_and_the_sentence(void **state)
{
	char path[600];
	struct lb_board b;

	memset(path, 'd', sizeof(path));
	memcpy(path + sizeof(path) - 8, "/b.conf", 8);
	assert_int_equal(lb_board_parse(&b, NULL, "id", 2, path, why), LB_E(FORMAT));
	assert_non_null(strstr(why, "d/b.conf:1: the file ends"));
}

static void load__no_file__is_noent_and_says_so(void **state)
{
	struct lb_board b;

	assert_int_equal(lb_board_load(&b, "/nonexistent/b.conf", why), LB_E(NOENT));
	assert_string_equal(why, "/nonexistent/b.conf: there is no such file");
	assert_int_equal(lb_board_load(&b, "/nonexistent/b.conf", NULL), LB_E(NOENT));
}

static void load__no_regular_file__is_an_error_at_once(void **state)
{
	char dir[] = "/tmp/board-test-XXXXXX", path[64];
	struct lb_board b;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(lb_board_load(&b, dir, why), LB_E(IO));
	assert_non_null(strstr(why, "is no regular file"));
	(void)snprintf(path, sizeof(path), "%s/pipe", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(lb_board_load(&b, path, why), LB_E(IO));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
}

static void load__file_of_64_kib__is_read_and_one_byte_more_is_refused(void **state)
{
	char path[] = "/tmp/board-test-XXXXXX";
	int fd = mkstemp(path);
	struct lb_board b;
	FILE *f;

	assert_true(fd >= 0);
	f = fdopen(fd, "w");
	assert_non_null(f);
	for (int i = 0; i < LB_BOARD_FILE_MAX - 7; i++)
		assert_true(fputc('\n', f) != EOF);
	assert_true(fputs("id = a\n", f) >= 0);
	assert_int_equal(fflush(f), 0);
	assert_int_equal(lb_board_load(&b, path, why), 0);
	assert_string_equal(b.id, "a");
	assert_true(fputc('\n', f) != EOF);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(lb_board_load(&b, path, why), LB_E(FORMAT));
	assert_non_null(strstr(why, "is larger than 64 KiB"));
	assert_int_equal(unlink(path), 0);
}

static void near__slips__are_near_and_other_words_are_not(void **state)
{
	assert_int_equal(lb_edit_distance("", ""), 0);
	assert_int_equal(lb_edit_distance("abc", ""), 3);
	assert_int_equal(lb_edit_distance("abc", "abd"), 1);
	assert_int_equal(lb_edit_distance("abc", "acb"), 1);
	assert_int_equal(lb_edit_distance("kitten", "sitting"), 3);
	assert_true(lb_is_near("adress", "address"));
	assert_true(lb_is_near("di", "id"));
	assert_false(lb_is_near("xy", "id"));
	assert_false(lb_is_near("colour", "ports"));
}

TESTS(unit(defaults__every_preset__is_what_board_h_promises),
      unit(schema__each_key__can_be_found_and_its_section_stands_in_one_piece),
      unit(parse__empty_file__gives_the_defaults), unit(parse__every_key__reaches_its_field),
      unit(parse__id_without_a_name__is_the_name_too),
      unit(parse__comments_of_every_kind__leave_line_numbers_right),
      unit(parse__unknown_key__says_what_was_meant), unit(parse__wrong_value__says_what_to_write),
      unit(parse__address__must_be_one_that_a_host_can_have),
      unit(parse__address_in_the_middle_of_its_network__is_fine),
      unit(parse__port_in_both_lists__is_lan_and_wan),
      unit(parse__ports__are_real_names_once_in_a_list),
      unit(parse__buttons__have_a_name_a_key_and_a_limit),
      unit(parse__same_key_of_two_named_inputs__is_two_buttons),
      unit(parse__key_set_twice__names_the_first_line),
      unit(parse__broken_syntax__is_said_in_plain_words), unit(parse__zero_byte__is_refused),
      unit(parse__after_every_kind_of_failure__the_next_file_is_read_right),
      unit(parse__every_truncation__never_crashes_and_keeps_outputs),
      unit(sentence__long_path__keeps_its_end_and_the_sentence),
      unit(load__no_file__is_noent_and_says_so), unit(load__no_regular_file__is_an_error_at_once),
      unit(load__file_of_64_kib__is_read_and_one_byte_more_is_refused),
      unit(near__slips__are_near_and_other_words_are_not))

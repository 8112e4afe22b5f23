/* proto/netmsg.h - the datagram that OpenWrt broadcasts once per second while its failsafe window
 * is open.
 *
 * UDP, destination port 4919, always 1001 bytes: DE AD, the text, NUL to the end. No version, no
 * sender, no answer. Numbers: OpenWrt's netmsg as seen on the wire; users know the text from the
 * failsafe page of its wiki, which tells them to watch for it with tcpdump.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define LB_NETMSG_PORT	      4919 /* 0x1337 */
#define LB_NETMSG_BYTES	      1001
#define LB_NETMSG_TEXT_MAX    998 /* without the NUL that always follows */
#define LB_NETMSG_WINDOW_TEXT "Please press button now to enter failsafe"

/* 0, or LB_E(RANGE) when the text has more than LB_NETMSG_TEXT_MAX bytes. */
MUST_CHECK int lb_netmsg_encode(uint8_t out[LB_NETMSG_BYTES], const char *text);

/* 0; LB_E(TRUNC) fewer than 1001 bytes, LB_E(RANGE) more, LB_E(FORMAT) no DE AD or no NUL after the
 * text. What follows the first NUL is not looked at. The text is what the sender wrote, control
 * bytes included. */
MUST_CHECK int lb_netmsg_decode(char text[LB_NETMSG_TEXT_MAX + 1], const void *buf, size_t n);

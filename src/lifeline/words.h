/* lifeline/words.h - what a sighting means, said to a person.
 *
 * Pure. Every text is one line without newline, cut to fit, and as printable as the sighting.
 */
#pragma once

#include "lifeline/sessions.h"

#define LB_WORDS_MAX 1280 /* OpenWrt's longest text and a sentence around it */

/* "Virtual router (lifeboat,virt-disk; serial VD-1; 52:54:00:12:34:56)" */
void lb_words_who(char out[LB_WORDS_MAX], const struct lb_sighting *s);

/* What the device does: "failsafe is active: a button was pressed in the window" */
void lb_words_status(char out[LB_WORDS_MAX], enum lb_news news, const struct lb_sighting *s);

/* What the person should do now; "" = nothing. */
void lb_words_advice(char out[LB_WORDS_MAX], enum lb_news news, const struct lb_sighting *s);

/* "new", "changed", "left", "lost" */
const char *lb_words_news(enum lb_news news);

/* "52:54:00:12:34:56" */
void lb_words_mac(char out[18], const uint8_t mac[LB_MAC_BYTES]);

/* "192.168.1.1"; ip in host byte order. */
void lb_words_ip(char out[16], uint32_t ip);

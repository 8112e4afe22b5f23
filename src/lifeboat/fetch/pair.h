/* lifeboat/fetch/pair.h - an image and its signature, from one https server. */
#pragma once

#include <stdint.h>

#include "lifeboat/fetch/download.h"

struct lb_pair {
	const char *url; /* of the image; the signature is beside it, with ".sig" behind its name */
	const char *cacert; /* NULL = the CA certificates of the system */
	const char *image;  /* where each is put; free of what is not finished if it fails */
	const char *signature;
	void (*say)(void *ctx, const char *line);
	/* Of the image, several times per second; 0 and 0 before it is begun. */
	void (*progress)(void *ctx, uint64_t have_bytes, uint64_t whole_bytes);
	void *ctx;
};

/* The name of the file in an address: what follows a '?' says which one is meant, not what it is
 * called. "" = there is none. */
void lb_url_name(const char *url, char out[LB_PATH_MAX]);

/* GOT with both there, unverified; otherwise `why` is one sentence. Never writes more than there is
 * room for: in RAM that is half of what is free. Where the clock was never set, certificates are
 * not checked, which is said: the signature is what decides. */
enum lb_fetch_end lb_pair_get(const struct lb_pair *p, char why[LB_SENTENCE_MAX]);

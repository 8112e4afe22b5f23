/* The input is a key or a signature. */
#include "tests/fuzz/fuzz.h"

#include "image/usign.h"

static void check_id(const char id[LB_USIGN_ID_TEXT])
{
	CHECK(strnlen(id, LB_USIGN_ID_TEXT) == LB_USIGN_ID_TEXT - 1);
	CHECK(strspn(id, "0123456789abcdef") == LB_USIGN_ID_TEXT - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct lb_usign_key key = {.comment = "before"};
	struct lb_usign_signature signature;
	int key_rc = lb_usign_key_parse(&key, data, n);
	int signature_rc = lb_usign_signature_parse(&signature, data, n);

	CHECK(key_rc == 0 || key_rc == LB_E(FORMAT) || key_rc == LB_E(UNSUP));
	CHECK(signature_rc == 0 || signature_rc == LB_E(FORMAT) || signature_rc == LB_E(UNSUP));
	CHECK(key_rc < 0 || signature_rc < 0); /* never both */
	if (key_rc == 0)
		check_id(key.id);
	else
		CHECK(strcmp(key.comment, "before") == 0);
	if (signature_rc == 0)
		check_id(signature.id);
	return 0;
}

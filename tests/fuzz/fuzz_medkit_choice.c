/* The input is name, version, name, version, each ended by a NUL. */
#include "tests/fuzz/fuzz.h"

#include "image/medkit_choice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char text[512];
	const char *word[4];
	struct lb_medkit_candidate a, b;
	struct lb_medkit_name name;
	size_t at = 0;

	if (n > sizeof(text) - 4)
		return 0;
	memset(text, 0, sizeof(text));
	memcpy(text, data, n);
	for (int i = 0; i < 4; i++) {
		word[i] = text + at;
		at += strlen(word[i]) + 1;
	}
	a = (struct lb_medkit_candidate){word[0], word[1]};
	b = (struct lb_medkit_candidate){word[2], word[3]};
	CHECK(!lb_medkit_is_meant(&a, &a));
	CHECK(!(lb_medkit_is_meant(&a, &b) && lb_medkit_is_meant(&b, &a)));
	if (lb_medkit_name_parse(&name, word[0]) == 0)
		CHECK(name.board[0] && strlen(name.board) < LB_NAME_MAX);
	return 0;
}

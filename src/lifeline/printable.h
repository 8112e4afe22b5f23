/* lifeline/printable.h - texts from the wire must not drive the terminal that shows them. */
#pragma once

/* Replaces, in place and one for one, every byte that is not part of printable UTF-8 by '?':
 * control characters (C0, DEL, C1), invalid or overlong sequences, surrogates, and the invisible
 * characters that reorder or hide text (zero width, bidirectional controls, line and paragraph
 * separators). The result is valid UTF-8. */
void lb_printable(char *text);

"""The rules of docs/architecture.md and CONTRIBUTING.md as data; test_*.py hold the tree to them."""

LINUX = ["plat/linux/storage/*.h", "plat/linux/disk/*.h", "plat/linux/machine/*.h", "plat/linux/files/*.h"]
BELOW_LIFEBOAT = ["install/*", "store/*", "plat/*.h", *LINUX, "plan/*", "panel/*", "proto/*", "image/*", "web/*", "tables/*", "base/*"]

# folder below src/ : what its files may include besides their own folder. A name with a dot is one file,
# "*" a pattern in one folder. plat/*.h are interfaces; plat/linux and plat/fake are their providers.
MAY_INCLUDE = {
    "base": ["tables/errors.def"],
    "tables": ["base/*"],
    "proto": ["tables/*", "base/*"],
    "panel": ["tables/*", "base/*"],
    "plan": ["tables/*", "base/*"],
    "image": ["tables/*", "base/*"],
    "web": ["tables/*", "base/*"],
    "plat": ["plan/*", "image/*", "tables/*", "base/*"],
    "plat/linux/files": ["plat/*.h", "plan/*", "image/*", "tables/*", "base/*"],
    "plat/linux/machine": ["plat/linux/files/*", "plat/*.h", "plan/*", "image/*", "tables/*", "base/*"],
    "plat/linux/disk": ["plat/linux/machine/*", "plat/linux/files/*", "plat/*.h", "plan/*", "image/*", "tables/*", "base/*"],
    "plat/linux/storage": ["plat/linux/disk/*", "plat/linux/machine/*", "plat/linux/files/*", "plat/*.h", "plan/*", "image/*", "tables/*", "base/*"],
    "plat/fake": ["plat/*.h", "plan/*", "image/*", "tables/*", "base/*"],
    "store": ["plat/*.h", "plan/*", "panel/*", "proto/*", "image/*", "tables/*", "base/*"],
    "install": ["store/*", "plat/*.h", "plat/linux/files/files.h", "plat/linux/files/keydir.h", "plat/linux/files/spool.h", "plan/uci.h", "image/*", "tables/*", "base/*"],
    "lifeboat": [*BELOW_LIFEBOAT],
    "lifeboat/fetch": ["lifeboat/*.h", *BELOW_LIFEBOAT],
    "lifeboat/install": ["lifeboat/slots/*", "lifeboat/snapshot/*", "lifeboat/*.h", *BELOW_LIFEBOAT],
    "lifeboat/settings": ["lifeboat/*.h", *BELOW_LIFEBOAT],
    "lifeboat/slots": ["lifeboat/*.h", *BELOW_LIFEBOAT],
    "lifeboat/snapshot": ["lifeboat/fetch/*", "lifeboat/slots/*", "lifeboat/*.h", *BELOW_LIFEBOAT],
    "lifeboat/running": ["lifeboat/*.h", *BELOW_LIFEBOAT],
    "lifeboat/root": ["lifeboat/slots/*", "lifeboat/settings/*", "lifeboat/snapshot/*", "lifeboat/*.h", *BELOW_LIFEBOAT],
    "lifeboat/upgrade": ["lifeboat/root/*", "lifeboat/slots/*", "lifeboat/settings/*", "lifeboat/snapshot/*", "lifeboat/install/*", "lifeboat/*.h", *BELOW_LIFEBOAT],
    "lifeboat/reset": ["lifeboat/root/*", "lifeboat/slots/*", "lifeboat/*.h", *BELOW_LIFEBOAT],
    "lifeboat/modes": ["lifeboat/fetch/*", "lifeboat/root/*", "lifeboat/slots/*", "lifeboat/snapshot/*", "lifeboat/install/*", "lifeboat/upgrade/*", "lifeboat/*.h", *BELOW_LIFEBOAT],
    "lifeboat/page": ["lifeboat/*.h", *BELOW_LIFEBOAT],
    "lifeboat/gate": ["lifeboat/page/*", "lifeboat/modes/*", "lifeboat/upgrade/*", "lifeboat/reset/*", "lifeboat/root/*", "lifeboat/slots/*", "lifeboat/*.h", *BELOW_LIFEBOAT],
    "lifeline": ["install/*", "store/*", "plat/*.h", *LINUX, "proto/*", "image/*", "tables/*", "base/*"],
}

# Folders that decide and never act: no I/O, no clock, no heap, no log, no global state of libc.
PURE = ["proto", "panel", "plan", "image", "web"]
PURE_HEADERS = [
    "assert.h", "errno.h", "inttypes.h", "limits.h", "stdarg.h", "stdbool.h", "stddef.h", "stdint.h", "stdio.h",
    "stdlib.h", "string.h",
]
PURE_SYMBOLS = [
    r"mem(chr|rchr|cmp|cpy|move|set|mem)",
    r"str(chr|chrnul|rchr|cmp|ncmp|len|nlen|spn|cspn|str|pbrk)",
    r"__?v?snprintf(_chk)?|v?snprintf",
    r"__mem\w+_chk",
    r"abort|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_",
    r"lb_(?!log($|_))\w+",  # what the folder itself, tables or base define
]

FUNCTION_LINES_MAX = 70  # a function fits on a screen
FILE_LINES_MAX = 600

# Man pages that stand for no row of a table.
OTHER_PAGES = ["lifeboat.8", "lifeline.1", "lifeboat-board.conf.5"]

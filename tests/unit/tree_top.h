/* tests/unit/tree_top.h - a folder of its own for each test that packs or unpacks trees, in which
 * it stands: "in" is to be packed, "out" takes what comes. */
#pragma once

#include "tests/t.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Words of a shell that put entries of all kinds into the folder it stands in. */
#define FURNISH                                                                                  \
	"mkdir -p etc sbin a/b/c && echo hello >etc/greeting && chmod 4755 sbin && "             \
	"ln etc/greeting a/same && ln -s ../etc/greeting a/link && ln -s /nowhere a/dead && "    \
	"mkfifo a/pipe && chmod 640 etc/greeting && head -c 3000000 /dev/urandom >a/b/large && " \
	": >\"a/$(printf '\\303\\244 name')\" && mkdir a/$(printf 'd%.0s' $(seq 200)) && "       \
	": >a/$(printf 'd%.0s' $(seq 200))/$(printf 'f%.0s' $(seq 200)) && "

/* The last words: all of it has one time. */
#define FURNISHED "find . -depth -exec touch -h -d '2020-02-02 02:02:02' {} +"

static char top[] = "/var/tmp/lifeboat-tree-XXXXXX";

static int make_top(void **state)
{
	(void)snprintf(top, sizeof(top), "/var/tmp/lifeboat-tree-XXXXXX");
	return mkdtemp(top) && chdir(top) == 0 && mkdir("in", 0755) == 0 && mkdir("out", 0755) == 0
		       ? 0
		       : -1;
}

static int remove_top(void **state)
{
	char command[sizeof(top) + 32];

	(void)snprintf(command, sizeof(command), "cd / && rm -rf %s", top);
	return system(command);
}

static void sh(const char *command)
{
	assert_int_equal(system(command), 0);
}

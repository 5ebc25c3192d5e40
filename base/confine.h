/*
 * confine.h - keeps a process to one directory of its uid's: sessions and deliverers of accounts that share a uid.
 *
 * Landlock refuses to open, list, make, link, rename or remove anything outside the directory, but does not cover metadata; a
 * system-call filter refuses what it leaves open: to change mode, owner, times, attributes or length by a path, to watch directories, to
 * signal, trace, limit or read other processes, to make sockets, to start programs. What is left is stat of a path that one has guessed.
 *
 * It holds for all threads that come later, and for ever.
 */
#ifndef BASE_CONFINE_H
#define BASE_CONFINE_H

#include "base/err.h"

/* The version of the kernel's Landlock; 0: it has none, or it is switched off. */
int confine_landlock(void);

/* Confine this process (single-threaded, with no-new-privileges set) to what is below dir, and to reading the system's libraries and
 * character sets. most: of Landlock's versions, the latest that is used; 0: any (tests take Debian 12's 2). 0; 1: without
 * Landlock, by the filter alone; -1 with e. Built with sanitizers it does nothing. */
int confine(const char *dir, int most, struct err *e);

#endif

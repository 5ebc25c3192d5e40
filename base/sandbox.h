/*
 * sandbox.h - system-call filters (libseccomp), installed last.
 *
 * A call outside the list kills the process: it will be restarted, and the kernel's log names the call. Built with
 * sanitizers, no filter is installed, since they need calls of their own.
 */
#ifndef BASE_SANDBOX_H
#define BASE_SANDBOX_H

#include "base/err.h"

enum sandbox_profile {
    SANDBOX_NET, /* faces strangers: accepted sockets, local sockets, memory, clocks; opens no file, starts no process */
    SANDBOX_AUTH, /* the same without Internet sockets, plus reading descriptors it is handed */
};

int sandbox_enter(enum sandbox_profile profile, struct err *e);

#endif

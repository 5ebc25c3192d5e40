/*
 * queue_trace.h - the lines that delivery puts in front of a message, and the loops that they cut. Pure.
 */
#ifndef RELAY_QUEUE_TRACE_H
#define RELAY_QUEUE_TRACE_H

#include "base/bytes.h"
#include "base/strbuf.h"

#include <sys/types.h>
#include <time.h>

#define TRACE_HEADER_MAX (64u << 10) /* octets of a message's start that are searched for a loop */
#define TRACE_HOPS_MAX   100         /* Received lines (RFC 5321 6.3) */

/* The address of an account in Delivered-To: its name, completed by the host name where it has no domain. */
void trace_address(struct strbuf *out, const char *account, const char *hostname);
/* Return-Path and Delivered-To, LF line ends. */
void trace_delivery(struct strbuf *out, const char *reverse_path, const char *address);
/* "Mon, 23 Nov 2026 10:00:00 +0100". */
void trace_date(struct strbuf *out, time_t when);
/* Received line of a message handed in by a local user. */
void trace_submitted(struct strbuf *out, const char *hostname, unsigned uid, const char *id, time_t when);

/* Number of Received fields in this start of a message. */
size_t trace_hops(struct bytes start);
/* Is there a Delivered-To field with this address? */
bool trace_loops(struct bytes start, struct bytes address);

#endif

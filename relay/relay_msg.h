/*
 * relay_msg.h - every record that crosses a process border of the relay: who sends it to whom, and its fields in order.
 *
 * u32, u64, str, bytes, fd: as in base/msg.h. `id` names a transaction chosen by the asking side; answers repeat it.
 *
 * smtp -> queue, on the local socket net/queue (one connection for each smtp process, many sessions in it)
 * ------------------------------------------------------------------------------------------------
 *   QUEUE_OPEN    id, peer address str, helo str, service str ("smtp", "submission", "lmtp")   a session begins (or its HELO changed)
 *   QUEUE_AUTH    id, ticket bytes          -> QUEUE_REPLY 235 or 454: queue redeems the ticket itself
 *   QUEUE_MAIL    id, reverse-path bytes (without <>), size u64 (0: not said), body8bit u32, smtputf8 u32, enum envelope_ret
 *                 u32, ENVID bytes (xtext) -> QUEUE_REPLY
 *   QUEUE_RCPT    id, forward-path bytes, enum recipient_notify u32, ORCPT bytes -> QUEUE_REPLY
 *   QUEUE_DATA    id                        -> QUEUE_FD, or QUEUE_REPLY with the refusal
 *   QUEUE_GROW    id, size so far u64       -> QUEUE_FD: a larger place which holds the bytes so far, or QUEUE_REPLY with the refusal
 *   QUEUE_COMMIT  id, size u64              -> QUEUE_REPLY when delivered or spooled, or refused; the transaction is over
 *   QUEUE_RSET    id                        no answer: the transaction is forgotten
 *   QUEUE_CLOSE   id                        no answer: the session is forgotten
 * queue -> smtp
 *   QUEUE_REPLY   id, code u32, text str ("2.1.5 Ok"; several lines separated by LF)
 *   QUEUE_VERDICTS  id, and for each RCPT that was taken, in order: code u32, text str; the answer to QUEUE_COMMIT by LMTP
 *   QUEUE_FD      id, cap u64 (octets that may be written from offset 0), fd
 *
 * sendmail -> queue, on the local socket `submit` (any local user; the kernel names the uid)
 * ------------------------------------------------------------------------------------------------
 *   SUBMIT        reverse-path bytes (empty: the caller's own address), flags u32 (1: the null reverse-path <>), directory bytes (where
 *                 it was called), enum envelope_ret u32, ENVID bytes (xtext), enum recipient_notify u32 (for all), recipient count u32,
 *                 that many forward-paths bytes, fd: a memfd sealed against writing and shrinking, LF line ends
 *   -> SUBMIT_REPLY code u32, text str
 *   LIST                                    -> LISTED for each message of the caller's own (all for root and the queue's uid), then LIST_END
 *   VERIFY        address bytes                where would its mail go? -> SUBMIT_REPLY
 *   FLUSH                                   try all now (root and the queue's uid) -> SUBMIT_REPLY
 *   ORDER         enum runner_order u32, count u32 (at most ORDER_IDS_MAX), that many queue ids str (root and the queue's uid)
 *                 -> SUBMIT_REPLY 250 with the number of messages that it was done to
 *   LISTED        queue id str, arrived u64, size u64, next attempt u64 (seconds; 0: being tried now), reverse-path bytes, recipient count u32 (at most
 *                 5 are told), for each of those: address bytes, last words bytes
 *   LIST_END      messages not told u32
 *
 * queue -> relayd, on the control channel
 * ------------------------------------------------------------------------------------------------
 *   DELIVERER     id, account name str      a deliverer for that account -> DELIVERER_READY | DELIVERER_FAILED
 *   SENDER        id                        a `remote` process           -> DELIVERER_READY | DELIVERER_FAILED
 * relayd -> queue
 *   DELIVERER_READY  id, fd: the seqpacket socket to it
 *   DELIVERER_FAILED id, permanent u32, text str
 *
 * relayd -> local --parent, on descriptor 0 of the latter
 * ------------------------------------------------------------------------------------------------
 *   START_LOCAL   count u32 (at most START_LOCAL_ARGS), that many str: the command line of a deliverer; fd: its socket. No answer.
 *
 * queue -> local, on that socket
 * ------------------------------------------------------------------------------------------------
 *   DELIVER       id, unique str, folder str (empty: INBOX; else if there is such), again u32 (1: may have been done before), head bytes, offset u64, size u64,
 *                 fd (read-only)
 * local -> queue
 *   DELIVERED     id, enum err_code u32 (ERR_OK: durable in the Maildir), text str (capped by the reader), count u32, that many addresses bytes to which it is to go as well (~/.forward)
 *
 * queue -> remote, on that socket
 * ------------------------------------------------------------------------------------------------
 *   SEND          id, smarthost str ("host:port"), tls u32 (enum relay_tls), user str, password str (both empty: no AUTH), helo str, reverse-path bytes,
 *                 enum envelope_ret u32, ENVID bytes, recipient count u32, for each: forward-path bytes, enum recipient_notify u32, ORCPT bytes; offset u64, size u64, fd (read-only, LF line ends)
 * remote -> queue
 *   SENT          id, recipient index u32, code u32 (SMTP: 2xx done, 4xx later, 5xx never), text str, relayed u32 (1: by a server without DSN)
 *   SENT_ALL      id                        every recipient has its SENT
 */
/*
 * remote, posthouse explain -> dns, on the local socket net2/dns (many questions at once)
 * ------------------------------------------------------------------------------------------------
 *   DNS_ASK       id, type u32 (of RFC 1035 and its successors), name str (A-labels; no dot at the end)
 * dns -> them
 *   DNS_ANSWER    id, enum dns_status u32, no such name u32 (1: NXDOMAIN), seconds u32 for which it may be kept, name str (where CNAMEs have led), why str (for an operator; empty
 *                 when there is nothing to say), count u32 (at most DNS_RECORDS_MAX), for each record: preference u32 (of MX, else 0), data bytes: the address of A and
 *                 AAAA, the lower-case host of MX and PTR (empty: the root), the strings of TXT in one, the RDATA of others
 */
#ifndef RELAY_RELAY_MSG_H
#define RELAY_RELAY_MSG_H

#include "base/child.h"

enum relay_msg {
    QUEUE_OPEN = CTL_USER,
    QUEUE_AUTH,
    QUEUE_MAIL,
    QUEUE_RCPT,
    QUEUE_DATA,
    QUEUE_GROW,
    QUEUE_COMMIT,
    QUEUE_RSET,
    QUEUE_CLOSE,
    QUEUE_REPLY,
    QUEUE_FD,
    SUBMIT,
    SUBMIT_REPLY,
    DELIVERER,
    SENDER,
    DELIVERER_READY,
    DELIVERER_FAILED,
    DELIVER,
    DELIVERED,
    SEND,
    SENT,
    SENT_ALL,
    LIST,
    LISTED,
    LIST_END,
    FLUSH,
    ORDER,
    CENSUS, /* relayd -> smtp: census_master.h; the first record */
    VERIFY,
    QUEUE_VERDICTS,
    START_LOCAL,
    DNS_ASK,
    DNS_ANSWER,
};

#define START_LOCAL_ARGS 20
#define ORDER_IDS_MAX    20 /* of one ORDER: each may cost a sync */

enum relay_tls { RELAY_TLS_NONE, RELAY_TLS_STARTTLS, RELAY_TLS_IMPLICIT };

#endif

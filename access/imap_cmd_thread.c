/*
 * imap_cmd_thread.c - THREAD and UID THREAD (RFC 5256).
 */
#include "access/imap_commands.h"
#include "access/imap_thread.h"
#include "base/cleanup.h"

static const struct {
    const char *name;
    void (*run)(struct imap *s, struct imap_forest *f, const struct imap_results *r);
} algorithms[] = {
    {"ORDEREDSUBJECT", imap_thread_ordered_subject},
    {"REFERENCES", imap_thread_references},
};

/* One thread, "(2 (3)(4 5))", walked without recursion. A sibling of others stands in parentheses of its own. */
static void put_thread(struct imap *s, const struct imap_forest *f, const struct imap_results *r,
                       uint32_t top)
{
    const struct imap_thread_node *nodes = f->nodes;
    bool number = false; /* the last thing written */
    imap_puts(s, "(");
    for (uint32_t at = top;;) {
        if (nodes[at].hit) {
            const struct imap_hit *hit = &r->hits[nodes[at].hit - 1];
            imap_puts(s, number ? " " : "");
            imap_put_number(s, s->by_uid ? hit->uid : hit->seq);
            number = true;
        }
        uint32_t child = nodes[at].child;
        if (child) {
            if (nodes[child].next) {
                imap_puts(s, number ? " (" : "(");
                number = false;
            }
            at = child;
            continue;
        }
        while (at != top && !nodes[at].next) {
            if (nodes[nodes[at].parent].child != at)
                imap_puts(s, ")");
            at = nodes[at].parent;
        }
        if (at == top)
            break;
        imap_puts(s, ")(");
        number = false;
        at = nodes[at].next;
    }
    imap_puts(s, ")");
}

static void thread_and_tell(struct imap *s, size_t algorithm, const struct imap_search_node *root)
{
    AUTO_RESULTS struct imap_results r = {NULL, 0};
    struct imap_forest f;
    imap_results_search(s, root, &r);
    imap_forest_init(&f);
    for (uint32_t i = 0; i < r.n; i++)
        imap_forest_add(&f, i + 1);
    algorithms[algorithm].run(s, &f, &r);
    imap_puts(s, r.n ? "* THREAD " : "* THREAD");
    for (uint32_t i = f.nodes[0].child; i && !s->io.dead; i = f.nodes[i].next)
        put_thread(s, &f, &r, i);
    imap_puts(s, "\r\n");
    imap_forest_done(&f);
    imap_ok(s, "Put into threads");
}

enum imap_status imap_cmd_thread(struct imap *s)
{
    struct imap_search_node *root = NULL;
    size_t i = 0;
    while (i < ARRAY_LEN(algorithms) && !imap_args_word(&s->args, algorithms[i].name))
        i++;
    if (i == ARRAY_LEN(algorithms))
        return imap_bad(s, "THREAD takes ORDEREDSUBJECT or REFERENCES, a character set and search keys");
    if (imap_session_search_keys(s, true, &root))
        thread_and_tell(s, i, root);
    imap_search_free(root);
    return s->reply.status;
}

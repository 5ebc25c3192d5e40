/*
 * maildir_subscriptions.c - `subscriptions`: version 2 ("V\t2\n\n", one name per line, levels separated by
 * TAB and each tab-escaped) or the old form (one name per line with '.'). The form found is kept; new files
 * are of version 2. Names are those on disk, in modified UTF-7. Replaced under subscriptions.lock.
 */
#include "maildir/maildir_subscriptions.h"

#include "maildir/maildir_internal.h"
#include "maildir/mutf7.h"

#include <strings.h>

#define FILE_NAME "subscriptions"
#define TMP_NAME  "subscriptions.tmp"
#define HEADER    "V\t2\n\n"
#define MAX_BYTES (4 << 20)
#define MAX_NAMES 20000

static const struct {
    char raw, escaped;
} escapes[] = {{'\001', '1'}, {'\t', 't'}, {'\n', 'n'}, {'\r', 'r'}, {'\0', '0'}};

void subscriptions_done(struct subscriptions *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->names[i]);
    for (size_t i = 0; i < s->nunread; i++)
        free(s->unread[i]);
    free(s->names);
    free(s->unread);
    *s = (struct subscriptions){.n = 0};
}

static char unescape(char c)
{
    for (size_t i = 0; i < ARRAY_LEN(escapes); i++)
        if (escapes[i].escaped == c)
            return escapes[i].raw;
    return c;
}

static void add(struct subscriptions *s, const char *name)
{
    if (s->n == MAX_NAMES)
        return;
    s->names = xrealloc(s->names, s->n + 1, sizeof *s->names);
    s->names[s->n++] = xstrdup(name);
}

static void keep_unread(struct subscriptions *s, struct bytes line)
{
    char *copy = s->nunread < MAX_NAMES ? bytes_dup(line) : NULL;
    if (!copy)
        return;
    s->unread = xrealloc(s->unread, s->nunread + 1, sizeof *s->unread);
    s->unread[s->nunread++] = copy;
}

static void parse_line(struct subscriptions *s, struct bytes line)
{
    AUTO_STRBUF struct strbuf disk = STRBUF_INIT(4096), name = STRBUF_INIT(4096);
    for (size_t i = 0; i < line.n; i++) {
        char c = line.p[i];
        if (!s->old_form && c == '\001' && i + 1 < line.n)
            c = unescape(line.p[++i]);
        else if (!s->old_form && c == '\t')
            c = '.';
        strbuf_addc(&disk, c);
    }
    if (disk.len && !memchr(disk.data, 0, disk.len) && mutf7_decode(&name, strbuf_bytes(&disk)))
        add(s, name.data);
    else
        keep_unread(s, line);
}

void subscriptions_parse(struct subscriptions *s, struct bytes text)
{
    *s = (struct subscriptions){
        .old_form = text.n && (text.n < sizeof HEADER - 1 || memcmp(text.p, HEADER, sizeof HEADER - 1))};
    struct bytes rest = s->old_form || !text.n ? text : bytes_skip(text, sizeof HEADER - 1);
    while (rest.p) {
        struct bytes line = bytes_split(&rest, '\n');
        if (line.n)
            parse_line(s, line);
    }
}

static void add_escaped(struct strbuf *out, char c)
{
    for (size_t i = 0; i < ARRAY_LEN(escapes); i++)
        if (escapes[i].raw == c) {
            strbuf_addc(out, '\001');
            c = escapes[i].escaped;
            break;
        }
    strbuf_addc(out, c == '.' ? '\t' : c);
}

void subscriptions_format(const struct subscriptions *s, struct strbuf *out)
{
    if (!s->old_form)
        strbuf_adds(out, HEADER);
    for (size_t i = 0; i < s->n; i++) {
        AUTO_STRBUF struct strbuf disk = STRBUF_INIT(4096);
        mutf7_encode(&disk, bytes_of(s->names[i]));
        for (size_t j = 0; j < disk.len; j++)
            if (s->old_form)
                strbuf_addc(out, disk.data[j]);
            else
                add_escaped(out, disk.data[j]);
        strbuf_addc(out, '\n');
    }
    for (size_t i = 0; i < s->nunread; i++)
        strbuf_addf(out, "%s\n", s->unread[i]);
}

int subscriptions_read(struct subscriptions *s, int root_fd, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(MAX_BYTES);
    struct err why;
    *s = (struct subscriptions){.n = 0};
    if (fs_read_file(root_fd, FILE_NAME, &text, &why) && why.code != ERR_NOTFOUND)
        return err_set(e, why.code, "%s", why.text);
    subscriptions_parse(s, strbuf_bytes(&text));
    return 0;
}

static size_t find(const struct subscriptions *s, const char *name)
{
    size_t i = 0;
    while (i < s->n && strcmp(s->names[i], name))
        i++;
    return i;
}

int mail_store_subscribe(struct mail_store *store, const char *name, bool subscribed, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096), text = STRBUF_INIT(MAX_BYTES);
    struct subscriptions s;
    if (folder_dir_name(&dir, name, e) ||
        maildir_lock_take(&lock, store->fd, MAILDIR_SUBSCRIPTIONS_LOCK, false, e) ||
        subscriptions_read(&s, store->fd, e))
        return -1;
    const char *canonical = strcasecmp(name, "INBOX") ? name : "INBOX";
    size_t at = find(&s, canonical);
    int r = 0;
    if (subscribed == (at < s.n)) {
        subscriptions_done(&s);
        return 0;
    }
    if (subscribed && s.n == MAX_NAMES) {
        r = err_set(e, ERR_LIMIT, "more than %d subscriptions", MAX_NAMES);
    } else if (subscribed) {
        add(&s, canonical);
    } else {
        free(s.names[at]);
        memmove(&s.names[at], &s.names[at + 1], (--s.n - at) * sizeof *s.names);
    }
    subscriptions_format(&s, &text);
    if (!r && text.overflow)
        r = err_set(e, ERR_LIMIT, "the list of subscriptions would be larger than %d octets", MAX_BYTES);
    if (!r)
        r = fs_replace(store->fd, FILE_NAME, TMP_NAME, strbuf_bytes(&text), 0600, true, e);
    subscriptions_done(&s);
    return r;
}

/*
 * maildir_subscriptions.c - `subscriptions`: version 2 ("V\t2\n\n", one name per line, levels separated by
 * TAB and each tab-escaped) or the old form (one name per line with '.'). The form found is kept; new files
 * are of version 2. Names are those on disk, in modified UTF-7 or UTF-8; lines that are there stay as they are, new ones are in
 * UTF-8 where there are names beyond ASCII and all of them are. Replaced under subscriptions.lock.
 *
 * Where there is no such file but Courier's courierimapsubscribed, that becomes one when folders are listed or one is
 * subscribed; it is not looked at again.
 *
 *   S1  subscriptions.lock taken                  a crash here: nothing happened; the next one takes the lock over
 *   S2  subscriptions.tmp written and synced      save      a crash here: an unused file, overwritten next time
 *   S3  renamed over the old one                  save      a crash here: the old list or the new one, whole
 *   S4  root synced: acknowledged                 save, or change when there is nothing to change
 */
#include "maildir/maildir_subscriptions.h"

#include "base/text.h"
#include "maildir/maildir_courier.h"
#include "maildir/maildir_internal.h"
#include "maildir/mutf7.h"

#include <errno.h>
#include <strings.h>

#define FILE_NAME "subscriptions"
#define TMP_NAME  "subscriptions.tmp"
#define HEADER    "V\t2\n\n"
#define MAX_BYTES (4 << 20)
#define MAX_NAMES 20000

static const struct {
    char raw, escaped;
} escapes[] = {{'\001', '1'}, {'\t', 't'}, {'\n', 'n'}, {'\r', 'r'}, {'\0', '0'}};

static void free_all(char **items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(items[i]);
    free(items);
}

void subscriptions_done(struct subscriptions *s)
{
    free_all(s->names, s->n);
    free_all(s->lines, s->n);
    free_all(s->unread, s->nunread);
    *s = (struct subscriptions){.n = 0};
}

static char unescape(char c)
{
    for (size_t i = 0; i < ARRAY_LEN(escapes); i++)
        if (escapes[i].escaped == c)
            return escapes[i].raw;
    return c;
}

/* line is taken over. */
static void add(struct subscriptions *s, const char *name, char *line)
{
    if (s->n == MAX_NAMES) {
        free(line);
        return;
    }
    s->names = xgrow(s->names, s->n, sizeof *s->names);
    s->lines = xgrow(s->lines, s->n, sizeof *s->lines);
    s->names[s->n] = xstrdup(name);
    s->lines[s->n++] = line;
}

static void keep_unread(struct subscriptions *s, struct bytes line)
{
    char *copy = s->nunread < MAX_NAMES ? bytes_dup(line) : NULL;
    if (!copy)
        return;
    s->unread = xgrow(s->unread, s->nunread, sizeof *s->unread);
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
    if (disk.len && !memchr(disk.data, 0, disk.len) && folder_name_decode(&name, strbuf_bytes(&disk)))
        add(s, name.data, bytes_dup(line));
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

/* ---- writing ---- */

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

static void add_disk(struct strbuf *out, struct bytes disk, bool old_form)
{
    for (size_t i = 0; i < disk.n; i++)
        if (old_form)
            strbuf_addc(out, disk.p[i]);
        else
            add_escaped(out, disk.p[i]);
}

/* Are there names beyond ASCII, all of them in UTF-8? */
static bool prefers_utf8(const struct subscriptions *s)
{
    bool plain = false, coded = false;
    for (size_t i = 0; i < s->n; i++)
        if (s->lines[i] && !text_is_ascii(bytes_of(s->names[i]))) {
            bool ascii = text_is_ascii(bytes_of(s->lines[i]));
            coded |= ascii;
            plain |= !ascii;
        }
    return plain && !coded;
}

void subscriptions_format(const struct subscriptions *s, struct strbuf *out)
{
    bool utf8 = prefers_utf8(s);
    if (!s->old_form)
        strbuf_adds(out, HEADER);
    for (size_t i = 0; i < s->n; i++) {
        AUTO_STRBUF struct strbuf disk = STRBUF_INIT(4096);
        if (s->lines[i])
            strbuf_adds(out, s->lines[i]);
        else if (utf8 && !text_is_ascii(bytes_of(s->names[i])))
            add_disk(out, bytes_of(s->names[i]), s->old_form);
        else if (mutf7_encode(&disk, bytes_of(s->names[i])))
            add_disk(out, strbuf_bytes(&disk), s->old_form);
        strbuf_addc(out, '\n');
    }
    for (size_t i = 0; i < s->nunread; i++)
        strbuf_addf(out, "%s\n", s->unread[i]);
}

/* ---- Courier's ---- */

static void add_courier(void *arg, const char *name, struct bytes disk)
{
    AUTO_STRBUF struct strbuf line = STRBUF_INIT(8192);
    add_disk(&line, disk, false);
    add(arg, name, xstrdup(line.data));
}

void subscriptions_parse_courier(struct subscriptions *s, struct bytes text)
{
    *s = (struct subscriptions){.from_courier = true};
    courier_subscribed_parse(text, add_courier, s);
}

/* ---- the file ---- */

int subscriptions_read(struct subscriptions *s, int root_fd, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(MAX_BYTES);
    struct err why;
    *s = (struct subscriptions){.n = 0};
    if (!fs_read_file(root_fd, FILE_NAME, &text, &why)) {
        subscriptions_parse(s, strbuf_bytes(&text));
        return 0;
    }
    if (why.code == ERR_NOTFOUND && !fs_read_file(root_fd, COURIER_SUBSCRIBED, &text, &why)) {
        subscriptions_parse_courier(s, strbuf_bytes(&text));
        return 0;
    }
    return why.code == ERR_NOTFOUND ? 0 : err_set(e, why.code, "%s", why.text);
}

static int save(const struct subscriptions *s, int root_fd, struct err *e)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(MAX_BYTES);
    subscriptions_format(s, &text);
    if (text.overflow)
        return err_set(e, ERR_LIMIT, "the list of subscriptions would be larger than %d octets", MAX_BYTES);
    return fs_replace(root_fd, FILE_NAME, TMP_NAME, strbuf_bytes(&text), 0600, true, e);
}

int subscriptions_take(struct subscriptions *s, int root_fd, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    struct err ignored; /* then it is taken over another time */
    if (subscriptions_read(s, root_fd, e))
        return -1;
    if (!s->from_courier || maildir_lock_take(&lock, root_fd, MAILDIR_SUBSCRIPTIONS_LOCK, false, &ignored))
        return 0;
    subscriptions_done(s);
    if (subscriptions_read(s, root_fd, e))
        return -1;
    if (s->from_courier)
        save(s, root_fd, &ignored);
    return 0;
}

/* ---- changing ---- */

/* In all spellings. */
static void drop(struct subscriptions *s, const char *name)
{
    size_t left = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->names[i], name) != 0) {
            s->names[left] = s->names[i];
            s->lines[left++] = s->lines[i];
            continue;
        }
        free(s->names[i]);
        free(s->lines[i]);
    }
    s->n = left;
}

static bool has(const struct subscriptions *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->names[i], name))
            return true;
    return false;
}

static int change(struct subscriptions *s, int root_fd, const char *name, bool subscribed, struct err *e)
{
    if (subscribed == has(s, name) && !s->from_courier) /* by an attempt that came no further, perhaps */
        return fs_sync_dir(root_fd) ? err_errno(e, errno, "syncing the Maildir") : 0;
    if (subscribed && s->n == MAX_NAMES)
        return err_set(e, ERR_LIMIT, "more than %d subscriptions", MAX_NAMES);
    if (!subscribed)
        drop(s, name);
    else if (!has(s, name))
        add(s, name, NULL);
    return save(s, root_fd, e);
}

int mail_store_subscribe(struct mail_store *store, const char *name, bool subscribed, struct err *e)
{
    AUTO_LOCK struct maildir_lock lock = MAILDIR_LOCK_INIT;
    AUTO_STRBUF struct strbuf dir = STRBUF_INIT(4096);
    struct subscriptions s;
    if (folder_dir_find(&dir, store, name, e) ||
        maildir_lock_take(&lock, store->fd, MAILDIR_SUBSCRIPTIONS_LOCK, false, e) ||
        subscriptions_read(&s, store->fd, e))
        return -1;
    int r = change(&s, store->fd, strcasecmp(name, "INBOX") ? name : "INBOX", subscribed, e);
    subscriptions_done(&s);
    return r;
}

/*
 * conf.c - read, check and dump posthouse.conf after a table of rows.
 *
 * The scanner cuts the file into statements, libconfuse reads the value of each (its own line counting
 * and its stop at the first error are why it gets one at a time), conf_value stores it.
 */
#include "base/conf.h"

#include "base/cleanup.h"
#include "base/conf_scan.h"
#include "base/conf_value.h"
#include "base/log.h"

#include <confuse.h>
#include <errno.h>
#include <string.h>

enum { FILE_MAX = 1 << 20, COMPLAINTS_MAX = 50, NAME_SHOWN = 60 };

struct reading {
    const struct conf_table *table;
    const char *name;
    void (*complain)(void *arg, const char *text);
    void *arg;
    unsigned complaints;
    void *settings;
    unsigned *seen; /* line at which each row was set, common rows first */
    struct conf_scan scan;
    const char *section; /* the one that we are in, NULL: top level */
};

static size_t row_count(const struct conf_table *t)
{
    return t->ncommon + t->count;
}

static const struct conf_row *row_at(const struct conf_table *t, size_t i)
{
    return i < t->ncommon ? &t->common[i] : &t->rows[i - t->ncommon];
}

static void complain(struct reading *r, unsigned line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static void complain(struct reading *r, unsigned line, const char *fmt, ...)
{
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(4000);
    if (r->complaints++ >= COMPLAINTS_MAX)
        return;
    strbuf_adds(&text, r->name);
    if (line)
        strbuf_addf(&text, ":%u", line);
    strbuf_adds(&text, ": ");
    va_list ap;
    va_start(ap, fmt);
    strbuf_addv(&text, fmt, ap);
    va_end(ap);
    r->complain(r->arg, text.data);
}

static bool same_section(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static ssize_t find_row(const struct conf_table *t, const char *section, struct bytes name)
{
    for (size_t i = 0; i < row_count(t); i++) {
        const struct conf_row *row = row_at(t, i);
        if (same_section(row->section, section) && bytes_eq(bytes_of(row->name), name))
            return (ssize_t)i;
    }
    return -1;
}

/* Edit distance of two short names, capped, for "did you mean". */
static unsigned distance(struct bytes a, const char *b)
{
    enum { LONGEST = 40 };
    unsigned row[LONGEST + 1];
    size_t m = strlen(b);
    if (a.n > LONGEST || m > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= m; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = diagonal + (a.p[i - 1] != b[j - 1]);
            diagonal = row[j];
            best = best < row[j] + 1 ? best : row[j] + 1;
            row[j] = best < row[j - 1] + 1 ? best : row[j - 1] + 1;
        }
    }
    return row[m];
}

/* The row whose name is most like this one; the own section's win. */
static const struct conf_row *nearest_row(const struct reading *r, struct bytes name)
{
    const struct conf_row *best = NULL;
    unsigned least = 4;
    for (size_t i = 0; i < row_count(r->table); i++) {
        const struct conf_row *row = row_at(r->table, i);
        unsigned d = distance(name, row->name);
        if (d < least || (d == least && best && same_section(row->section, r->section))) {
            least = d;
            best = row;
        }
    }
    return best;
}

static void complain_unknown(struct reading *r, struct bytes name)
{
    const struct conf_row *row = nearest_row(r, name);
    int shown = name.n < NAME_SHOWN ? (int)name.n : NAME_SHOWN;
    const char *where = r->section ? r->section : "the top level";
    if (!row)
        complain(r, r->scan.at, "unknown option %.*s in %s; option -d lists all there are", shown, name.p,
                 where);
    else if (same_section(row->section, r->section))
        complain(r, r->scan.at, "unknown option %.*s in %s; did you mean %s?", shown, name.p, where,
                 row->name);
    else if (row->section)
        complain(r, r->scan.at, "unknown option %.*s in %s; did you mean %s, in section %s { }?", shown,
                 name.p, where, row->name, row->section);
    else
        complain(r, r->scan.at,
                 "unknown option %.*s in %s; did you mean %s, at the top level outside of sections?", shown,
                 name.p, where, row->name);
}

static void keep_quiet(cfg_t *cfg, const char *fmt, va_list ap)
{
    (void)cfg, (void)fmt, (void)ap;
}

/* The value's text through libconfuse: a cfg with the one option "v", or NULL if the text is no value of this
 * kind. */
static cfg_t *parse_value(struct bytes value, bool list)
{
    cfg_opt_t one[] = {CFG_STR("v", NULL, CFGF_NODEFAULT), CFG_END()};
    cfg_opt_t many[] = {CFG_STR_LIST("v", NULL, CFGF_NODEFAULT), CFG_END()};
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(2 * FILE_MAX + 16);
    strbuf_adds(&text, "v = ");
    conf_scan_tokens(value, &text);
    strbuf_addc(&text, '\n');
    cfg_t *cfg = cfg_init(list ? many : one, CFGF_NONE);
    if (!cfg)
        return NULL;
    cfg_set_error_function(cfg, keep_quiet);
    if (cfg_parse_buf(cfg, text.data) == CFG_SUCCESS)
        return cfg;
    cfg_free(cfg);
    return NULL;
}

static void store(struct reading *r, const struct conf_row *row, const char *value)
{
    struct err e = {0};
    if (conf_value_set(r->settings, row, value, true, &e) != 0)
        complain(r, r->scan.at, "%s = \"%s\": right would be %s", row->name, value, e.text);
}

static void read_statement(struct reading *r)
{
    ssize_t i = find_row(r->table, r->section, r->scan.name);
    if (i < 0) {
        complain_unknown(r, r->scan.name);
        return;
    }
    const struct conf_row *row = row_at(r->table, (size_t)i);
    if (r->seen[i]) {
        complain(r, r->scan.at, "%s is set a second time; it was set at line %u, keep one of them", row->name,
                 r->seen[i]);
        return;
    }
    r->seen[i] = r->scan.at;
    cfg_t *cfg = parse_value(r->scan.value, row->type == CONF_LIST);
    if (!cfg) {
        const char *like = row->type == CONF_LIST ? "{\"one\", \"two\"}" : "\"value\"";
        complain(r, r->scan.at, "the value of %s cannot be read: right would be %s = %s", row->name,
                 row->name, like);
        return;
    }
    if (row->type == CONF_LIST)
        conf_value_clear(r->settings, row);
    for (unsigned v = 0; v < cfg_size(cfg, "v"); v++)
        store(r, row, cfg_getnstr(cfg, "v", v));
    cfg_free(cfg);
}

/* Enter a section of ours, step over another program's, complain of all else. */
static void open_section(struct reading *r)
{
    const struct conf_table *t = r->table;
    unsigned at = r->scan.at;
    struct bytes name = r->scan.name;
    for (size_t i = 0; !r->section && i < row_count(t); i++) {
        const char *section = row_at(t, i)->section;
        if (section && bytes_eq(bytes_of(section), name)) {
            r->section = section;
            return;
        }
    }
    bool foreign = false;
    for (size_t i = 0; !r->section && t->foreign && t->foreign[i]; i++)
        foreign = foreign || bytes_eq(bytes_of(t->foreign[i]), name);
    if (!foreign)
        complain(r, at, "unknown section %.*s; a list is written %.*s = {\"one\", \"two\"}",
                 name.n < NAME_SHOWN ? (int)name.n : NAME_SHOWN, name.p,
                 name.n < NAME_SHOWN ? (int)name.n : NAME_SHOWN, name.p);
    if (!conf_scan_skip(&r->scan))
        complain(r, at, "this section is not closed: its } is missing");
}

static void close_section(struct reading *r)
{
    if (!r->section)
        complain(r, r->scan.at, "a } without its {");
    r->section = NULL;
}

static void read_items(struct reading *r)
{
    struct err e = {0};
    for (;;) {
        switch (conf_scan_next(&r->scan, &e)) {
        case CONF_END:
            if (r->section)
                complain(r, r->scan.at, "the file ends inside of section %s: its } is missing", r->section);
            return;
        case CONF_STATEMENT:
            read_statement(r);
            break;
        case CONF_SECTION:
            open_section(r);
            break;
        case CONF_CLOSE:
            close_section(r);
            break;
        case CONF_WRONG:
            complain(r, r->scan.at, "%s", e.text);
            break;
        }
    }
}

static void read_defaults(struct reading *r)
{
    struct err e = {0};
    for (size_t i = 0; i < row_count(r->table); i++)
        if (conf_value_fallback(r->settings, row_at(r->table, i), &e) != 0)
            complain(r, 0, "the default of %s is wrong (our mistake): right would be %s",
                     row_at(r->table, i)->name, e.text);
}

/* The whole file as text; a NUL in it is a mistake too. */
static bool read_text(struct reading *r, FILE *f, struct strbuf *text)
{
    char step[4096];
    size_t n;
    while ((n = fread(step, 1, sizeof(step), f)) > 0)
        strbuf_add(text, step, n);
    if (ferror(f))
        complain(r, 0, "cannot read: %s", strerror(errno));
    else if (text->overflow)
        complain(r, 0, "longer than %d bytes", FILE_MAX);
    else if (memchr(text->data, '\0', text->len))
        complain(r, 0, "holds a NUL byte: not a text file");
    else
        return true;
    return false;
}

void *conf_read(FILE *f, const char *name, const struct conf_table *table,
                void (*complain_fn)(void *arg, const char *text), void *arg)
{
    AUTO_FREE unsigned *seen = xcalloc(row_count(table), sizeof(*seen));
    AUTO_STRBUF struct strbuf text = STRBUF_INIT(FILE_MAX);
    struct reading r = {.table = table, .name = name, .complain = complain_fn, .arg = arg, .seen = seen};
    r.settings = xcalloc(1, table->size);
    read_defaults(&r);
    if (f && read_text(&r, f, &text)) {
        conf_scan_init(&r.scan, strbuf_bytes(&text));
        read_items(&r);
    }
    if (r.complaints == 0)
        return r.settings;
    conf_free(r.settings, table);
    return NULL;
}

void conf_complain_to_log(void *arg, const char *text)
{
    (void)arg;
    log_error("%s", text);
}

void *conf_load(const char *path, const struct conf_table *table, struct err *e)
{
    AUTO_FCLOSE FILE *f = fopen(path, "re");
    if (!f && errno != ENOENT) {
        err_errno(e, errno, "%s", path);
        return NULL;
    }
    void *settings = conf_read(f, path, table, conf_complain_to_log, NULL);
    if (!settings)
        err_set(e, ERR_INVALID, "%s is not usable, see above", path);
    return settings;
}

void conf_free(void *settings, const struct conf_table *table)
{
    if (!settings)
        return;
    for (size_t i = 0; i < row_count(table); i++) {
        const struct conf_row *row = row_at(table, i);
        conf_value_clear(settings, row);
        if (row->type == CONF_LIST)
            free(*(char ***)((char *)settings + row->offset));
    }
    free(settings);
}

static void dump_row(FILE *out, const void *settings, const struct conf_row *row)
{
    AUTO_STRBUF struct strbuf value = STRBUF_INIT(FILE_MAX);
    const char *indent = row->section ? "    " : "";
    conf_value_print(&value, settings, row);
    if (row->help)
        fprintf(out, "%s# %s\n", indent, row->help);
    fprintf(out, "%s%s = %s\n", indent, row->name, value.data);
}

void conf_dump(FILE *out, const void *settings, const struct conf_table *table)
{
    const char *section = NULL;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < row_count(table); i++) {
            const struct conf_row *row = row_at(table, i);
            if (!row->section == (pass == 1))
                continue;
            if (!same_section(section, row->section)) {
                fprintf(out, "%s%s {\n", section ? "}\n\n" : "\n", row->section);
                section = row->section;
            }
            dump_row(out, settings, row);
        }
    if (section)
        fputs("}\n", out);
}

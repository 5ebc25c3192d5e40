#include "auth/app_file.h"
#include "auth/auth_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void ignore(void *arg, size_t line, const char *text)
{
    (void)arg;
    (void)line;
    (void)text;
}

/* Whatever is in the file: names, labels and services are from their sets, and a line that was read is written as it was. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct app_file *f = app_file_parse(bytes_from(data, n), ignore, NULL);
    for (size_t i = 0; i < f->count; i++) {
        struct strbuf line = STRBUF_INIT(4096);
        struct app_entry again;
        const struct app_entry *e = &f->entries[i];
        app_line_write(e, &line);
        if (!auth_name_ok(bytes_of(e->user)) || !app_label_ok(bytes_of(e->label)) ||
            !app_services_ok(bytes_of(e->services)) || !app_file_has(f, e->user))
            __builtin_trap();
        if (!line.overflow && app_line_parse(strbuf_bytes(&line), &again, NULL) != 0)
            __builtin_trap();
        if (!line.overflow)
            app_entry_done(&again);
        strbuf_done(&line);
    }
    app_file_find(f, "anna", "imap", "abcd-efgh-ijkm-npqr-stuv");
    app_file_free(f);
    return 0;
}

#include "auth/auth_name.h"
#include "auth/passwd_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void ignore(void *arg, size_t line, const char *text)
{
    (void)arg;
    (void)line;
    (void)text;
}

/* Whatever is in the file: nobody gets root, a Maildir that is not absolute, or a name outside the set. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const struct passwd_options options = {
        .rules = {.first_uid = 500, .only_uid = (uid_t)-1, .default_mail = "~/Maildir"}, .plain_ok = n % 2};
    struct passwd_file *f = passwd_file_parse(bytes_from(data, n), &options, ignore, NULL);
    for (size_t i = 0; i < f->count; i++) {
        const struct passwd_entry *e = &f->entries[i];
        if (e->account.uid < 500 || !e->account.gid || e->account.mail[0] != '/' || e->account.home[0] != '/')
            __builtin_trap();
        if (!auth_name_ok(bytes_of(e->account.name)) || (e->kind != PASSWD_NONE) != (e->secret != NULL))
            __builtin_trap();
        if (e->account.quota_bytes < 0 || e->account.quota_messages < 0)
            __builtin_trap();
        if (passwd_file_find(f, bytes_of(e->account.name)) != e)
            __builtin_trap();
        if (e->allow_nets)
            nets_match(bytes_of(e->allow_nets), "192.0.2.1");
    }
    passwd_file_free(f);
    return 0;
}

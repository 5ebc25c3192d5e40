/*
 * user_ctl_change.c - `posthouse user passwd|disable|enable|delete`: one line changed or gone.
 */
#include "auth/passwd_edit.h"
#include "auth/user_ctl.h"
#include "base/cleanup.h"

static int find(const struct user_ctl *ctl, struct bytes text, struct bytes *line, struct err *e)
{
    *line = passwd_edit_find(text, bytes_of(ctl->name));
    return line->p ? 0 : err_set(e, ERR_NOTFOUND, "there is no account %s in the passwd-file", ctl->name);
}

static int edit_password(struct user_ctl *ctl, struct bytes text, struct strbuf *out, struct err *e)
{
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf field = STRBUF_INIT(PASSWD_LINE_MAX);
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf fresh = STRBUF_INIT(2 * PASSWD_LINE_MAX);
    struct bytes line;
    if (find(ctl, text, &line, e) != 0 || user_password_field(ctl, &field, e) != 0)
        return -1;
    passwd_edit_password(&fresh, line, strbuf_bytes(&field));
    passwd_edit_replace(out, text, line, strbuf_bytes(&fresh));
    return 0;
}

static int edit_nologin(struct user_ctl *ctl, struct bytes text, struct strbuf *out, bool on, struct err *e)
{
    __attribute__((cleanup(strbuf_done_secret))) struct strbuf fresh = STRBUF_INIT(2 * PASSWD_LINE_MAX);
    struct bytes line;
    if (find(ctl, text, &line, e) != 0)
        return -1;
    passwd_edit_extra(&fresh, line, "nologin", on ? "" : NULL);
    passwd_edit_replace(out, text, line, strbuf_bytes(&fresh));
    return 0;
}

static int edit_disable(struct user_ctl *ctl, struct bytes text, struct strbuf *out, struct err *e)
{
    return edit_nologin(ctl, text, out, true, e);
}

static int edit_enable(struct user_ctl *ctl, struct bytes text, struct strbuf *out, struct err *e)
{
    return edit_nologin(ctl, text, out, false, e);
}

static int edit_delete(struct user_ctl *ctl, struct bytes text, struct strbuf *out, struct err *e)
{
    struct bytes line;
    struct passwd_entry entry;
    if (find(ctl, text, &line, e) != 0)
        return -1;
    if (passwd_line_parse(line, &ctl->options, &entry, NULL) >= 0) {
        printf("the mail of %s stays where it is: %s\n", ctl->name, entry.account.mail);
        passwd_entry_done(&entry);
    }
    passwd_edit_replace(out, text, line, (struct bytes){0});
    return 0;
}

int user_passwd(struct user_ctl *ctl, struct err *e)
{
    return user_file_edit(ctl, NULL, false, edit_password, e);
}

int user_disable(struct user_ctl *ctl, struct err *e)
{
    return user_file_edit(ctl, NULL, false, edit_disable, e);
}

int user_enable(struct user_ctl *ctl, struct err *e)
{
    return user_file_edit(ctl, NULL, false, edit_enable, e);
}

int user_delete(struct user_ctl *ctl, struct err *e)
{
    return user_file_edit(ctl, NULL, false, edit_delete, e) == 0 ? user_app_forget(ctl, e) : -1;
}

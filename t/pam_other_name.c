/*
 * pam_other_name.c - a PAM module for t/1035: whoever comes with the first name in its line is the second from then on. It asks no
 * password.
 */
#include <security/pam_modules.h>
#include <string.h>

int pam_sm_authenticate(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    const char *name;
    (void)flags;
    if (argc != 2 || pam_get_user(pam, &name, NULL) != PAM_SUCCESS)
        return PAM_SERVICE_ERR;
    return strcmp(name, argv[0]) == 0 ? pam_set_item(pam, PAM_USER, argv[1]) : PAM_IGNORE;
}

int pam_sm_setcred(pam_handle_t *pam, int flags, int argc, const char **argv)
{
    (void)pam, (void)flags, (void)argc, (void)argv;
    return PAM_IGNORE;
}

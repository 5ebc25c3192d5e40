/*
 * auth_app.h - application passwords in the auth process: the file as authd hands it over, and when each was used last.
 */
#ifndef AUTH_AUTH_APP_H
#define AUTH_AUTH_APP_H

#include <stdbool.h>

enum main_password { MAIN_YES, MAIN_UNLESS_APP, MAIN_NO };
#define MAIN_PASSWORD_CHOICES "yes|unless-app|no" /* as the enum */

/* fd (borrowed) is open for reading, or -1: there is no such file, and nobody has any. */
void app_load(int fd, const char *name);
/* The file of last uses, open for reading and writing; taken over. */
void app_take_used(int fd);
void app_configure(enum main_password main);

/* The label of the application password of this account, for this service, that this is; NULL if it is none. Its use is noted. */
const char *app_use(const char *user, const char *service, const char *password);
/* May this account's main password not be used? */
bool app_main_barred(const char *user);

#endif

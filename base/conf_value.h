/*
 * conf_value.h - one value of the configuration between its text and its field.
 */
#ifndef BASE_CONF_VALUE_H
#define BASE_CONF_VALUE_H

#include "base/conf.h"
#include "base/strbuf.h"

/* Store one value (of a list: append it) in its field. On failure e says what would be right. */
int conf_value_set(void *settings, const struct conf_row *row, const char *text, bool run_check,
                   struct err *e);
/* Store the row's default. */
int conf_value_fallback(void *settings, const struct conf_row *row, struct err *e);
/* Empty and release the field. */
void conf_value_clear(void *settings, const struct conf_row *row);
/* Append the value as it would stand in the file. */
void conf_value_print(struct strbuf *out, const void *settings, const struct conf_row *row);

#endif

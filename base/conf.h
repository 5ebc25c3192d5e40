/*
 * conf.h - one configuration file, every option one row.
 *
 * The file is libconfuse's syntax: `name = value` at the top level and inside named sections. Each program
 * declares the rows that it knows: the common ones and its own section's. Sections of other programs are
 * skipped (their owners check them), everything else unknown is an error. Reading, checking, dumping and the
 * manual use the same row. A complaint names file and line, what is wrong and what would be right.
 */
#ifndef BASE_CONF_H
#define BASE_CONF_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum conf_type {
    CONF_BOOL,   /* field: bool          file: yes, no, true, false, on, off */
    CONF_INT,    /* field: int64_t       file: 42, within min..max */
    CONF_SIZE,   /* field: int64_t bytes file: "512", "10K", "50M", "2G" (powers of 1024) */
    CONF_TIME,   /* field: int64_t seconds file: "30s", "5m", "1h", "4d"; a bare number is seconds */
    CONF_STRING, /* field: char *        "" is stored as NULL */
    CONF_CHOICE, /* field: int64_t       index into `choices`, words separated by | */
    CONF_LIST,   /* field: char **       NULL-terminated; file: {"a", "b"} or "a" */
};

struct conf_row {
    const char *section; /* NULL: top level */
    const char *name;
    enum conf_type type;
    size_t offset; /* of the field in the program's settings struct */
    const char
        *fallback;    /* the default, as it would stand in the file; lists: values separated by one space */
    int64_t min, max; /* INT, SIZE, TIME; both 0: no bounds beyond "not negative" */
    const char *choices; /* CHOICE */
    /* Further check of one value (of each, in lists); writes what would be right into e. May be NULL. */
    int (*check)(const char *value, struct err *e);
    const char *help; /* one line for `--dump` and the manual */
};

struct conf_table {
    const struct conf_row *common; /* rows shared with other programs, or NULL */
    size_t ncommon;
    const struct conf_row *rows;
    size_t count;
    size_t size;                /* of the settings struct */
    const char *const *foreign; /* names of other programs' sections, NULL-terminated */
};

/* For `complain` below: each is a line of the log. */
void conf_complain_to_log(void *arg, const char *text);
/* What the operator's tools do: read the file of that name (a missing one: all defaults), complaints to the log. A settings struct to be released
 * with conf_free, or NULL with e. */
void *conf_load(const char *path, const struct conf_table *table, struct err *e);
/* Read settings from an open file (or all defaults if f is NULL). `name` is for complaints. Every complaint
 * is handed to complain(arg, "FILE:LINE: ..."); reading goes on to find more. Returns a settings struct to be
 * released with conf_free, or NULL if there was any complaint. */
void *conf_read(FILE *f, const char *name, const struct conf_table *table,
                void (*complain)(void *arg, const char *text), void *arg);
void conf_free(void *settings, const struct conf_table *table);
/* Print every option of the table with its value, as a file that would read back the same. */
void conf_dump(FILE *out, const void *settings, const struct conf_table *table);

#endif

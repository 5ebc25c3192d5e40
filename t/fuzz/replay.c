/*
 * replay.c - a main for fuzz targets: runs the target over each file named, and speaks TAP.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { SEED_MAX = 1 << 20 };

/* A buffer of exactly the file's size, so that sanitizers see a read past its end. */
static int replay(const char *path)
{
    static uint8_t whole[SEED_MAX];
    FILE *f = fopen(path, "rb");
    if (!f)
        return -1;
    size_t n = fread(whole, 1, sizeof(whole), f);
    fclose(f);
    uint8_t *exact = malloc(n ? n : 1);
    if (!exact)
        return -1;
    for (size_t i = 0; i < n; i++)
        exact[i] = whole[i];
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    printf("1..%d\n", argc - 1);
    for (int i = 1; i < argc; i++) {
        int failed = replay(argv[i]);
        printf("%sok %d - %s\n", failed ? "not " : "", i, argv[i]);
        fflush(stdout);
    }
    return 0;
}

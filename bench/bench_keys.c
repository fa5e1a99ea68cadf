/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a key by its name from a store of 10 keys and from one of 10,000. Needs a running keymoord. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/bench.h"
#include "clrc.h"

#define FEW 10u
#define MANY 10000u
#define LOADS 200u

static void must(ClrcResult result, const char *what)
{
    if (result != CLRC_SUCCESS)
        bench_die("%s: %s: %s", what, clrcResultText(result), clrcLastError());
}

static void fill(unsigned from, unsigned to)
{
    ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};
    for (unsigned i = from; i < to; i++) {
        char name[32] = {0};
        ClrcKeyHandle key = NULL;
        snprintf(name, sizeof name, "bench-keys-%05u", i);
        must(clrcCreateKey(&wish, &key), "create");
        must(clrcSaveNamedKey(key, name, NULL), "save");
        clrcFreeKey(key);
        if (isatty(STDERR_FILENO) && i % 100 == 99)
            fprintf(stderr, "\r%u keys", i + 1);
    }
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r            \r");
}

/* Median microseconds of loading keys spread over the store. */
static double load_us(unsigned n_keys)
{
    static double times[LOADS];
    for (unsigned i = 0; i < LOADS; i++) {
        char name[32] = {0};
        ClrcKeyHandle key = NULL;
        snprintf(name, sizeof name, "bench-keys-%05u", (i * 7919u) % n_keys);
        uint64_t start = bench_now_ns();
        must(clrcLoadNamedKey(name, NULL, &key), "load");
        times[i] = (double)(bench_now_ns() - start) / 1000;
        clrcFreeKey(key);
    }
    return bench_median(times, LOADS);
}

int main(void)
{
    fill(0, FEW);
    load_us(FEW);
    double few = load_us(FEW);
    fill(FEW, MANY);
    double many = load_us(MANY);
    bench_print(&(struct bench_row){.id = "load by name, 10,000 keys",
                                    .unit = "us",
                                    .value = many,
                                    .peer = "10 keys",
                                    .peer_value = few,
                                    .target = 1.5,
                                    .at_most = true});
    return EXIT_SUCCESS;
}

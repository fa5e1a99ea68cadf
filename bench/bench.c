/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/bench.h"

#include <ftw.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double proc_kb(long pid, const char *file, const char *name)
{
    char path[64];
    char line[256];
    double kb = 0;
    snprintf(path, sizeof path, "/proc/%ld/%s", pid, file);
    FILE *in = fopen(path, "re");
    while (in != NULL && fgets(line, sizeof line, in) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            kb = strtod(line + strlen(name), NULL);
    if (in != NULL)
        fclose(in);
    return kb;
}

static FILE *open_children(long pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", pid, pid);
    return fopen(path, "re");
}

double bench_tree_kb(long pid, const char *file, const char *name)
{
    long child = 0;
    double kb = proc_kb(pid, file, name);
    FILE *in = open_children(pid);
    while (in != NULL && fscanf(in, "%ld", &child) == 1)
        kb += bench_tree_kb(child, file, name);
    if (in != NULL)
        fclose(in);
    return kb;
}

static double proc_cpu_s(long pid)
{
    char path[64];
    char text[1024] = "";
    unsigned long user = 0;
    unsigned long system = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *in = fopen(path, "re");
    if (in != NULL && fgets(text, sizeof text, in) != NULL) {
        /* Behind the name, which may hold anything: the state, ten numbers, then these two. */
        const char *rest = strrchr(text, ')');
        if (rest != NULL)
            (void)sscanf(rest, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %lu %lu", &user,
                         &system);
    }
    if (in != NULL)
        fclose(in);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

double bench_tree_cpu_s(long pid)
{
    long child = 0;
    double seconds = proc_cpu_s(pid);
    FILE *in = open_children(pid);
    while (in != NULL && fscanf(in, "%ld", &child) == 1)
        seconds += bench_tree_cpu_s(child);
    if (in != NULL)
        fclose(in);
    return seconds;
}

uint64_t bench_now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void bench_die(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "bench: ");
    vfprintf(stderr, fmt, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(EXIT_FAILURE);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

void bench_remove_tree(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0)
        bench_die("can't remove %s", path);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare);
    return values[n / 2];
}

struct worker {
    const struct bench_contender *contender;
    void *state;
    pthread_barrier_t *start;
    atomic_bool *stop;
    uint64_t n;
    uint64_t ns;
};

static void *work(void *arg)
{
    struct worker *worker = arg;
    for (int i = 0; i < 20; i++)
        worker->contender->once(worker->state);
    pthread_barrier_wait(worker->start);
    uint64_t start = bench_now_ns();
    uint64_t n = 0;
    while (!atomic_load_explicit(worker->stop, memory_order_relaxed)) {
        worker->contender->once(worker->state);
        n++;
    }
    worker->ns = bench_now_ns() - start;
    worker->n = n;
    return NULL;
}

static struct bench_result run_once(const struct bench_contender *contender, unsigned n_threads,
                                    double seconds)
{
    struct worker workers[BENCH_THREADS_MAX] = {0};
    pthread_t threads[BENCH_THREADS_MAX] = {0};
    atomic_bool stop = false;
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, n_threads + 1);
    for (unsigned i = 0; i < n_threads; i++) {
        workers[i] = (struct worker){contender, contender->begin(i), &start, &stop, 0, 0};
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
            bench_die("no thread");
    }
    pthread_barrier_wait(&start);
    struct timespec nap = {.tv_sec = (time_t)seconds,
                           .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&nap, NULL);
    atomic_store(&stop, true);
    struct bench_result result = {0};
    double slowest = 0;
    double fastest = 0;
    for (unsigned i = 0; i < n_threads; i++) {
        pthread_join(threads[i], NULL);
        contender->end(workers[i].state);
        double rate = (double)workers[i].n * 1e9 / (double)workers[i].ns;
        result.rate += rate;
        slowest = i == 0 || rate < slowest ? rate : slowest;
        fastest = rate > fastest ? rate : fastest;
    }
    pthread_barrier_destroy(&start);
    result.fairest = fastest > 0 ? slowest / fastest : 0;
    return result;
}

void bench_run(const struct bench_contender *contenders, size_t n_contenders, unsigned n_threads,
               double seconds, struct bench_result *ret)
{
    double rates[BENCH_CONTENDERS_MAX][BENCH_ROUNDS] = {0};
    double fairest[BENCH_CONTENDERS_MAX][BENCH_ROUNDS] = {0};
    for (int round = -1; round < BENCH_ROUNDS; round++) {
        for (size_t c = 0; c < n_contenders; c++) {
            struct bench_result one =
                run_once(&contenders[c], n_threads, round < 0 ? 0.05 : seconds);
            if (round >= 0) {
                rates[c][round] = one.rate;
                fairest[c][round] = one.fairest;
            }
        }
    }
    for (size_t c = 0; c < n_contenders; c++)
        ret[c] = (struct bench_result){bench_median(rates[c], BENCH_ROUNDS),
                                       bench_median(fairest[c], BENCH_ROUNDS)};
}

void bench_print(const struct bench_row *row)
{
    double ratio = row->peer_value > 0 ? row->value / row->peer_value : 0;
    printf(
        "{\"id\": \"%s\", \"value\": %.6g, \"unit\": \"%s\", \"peer\": \"%s\", \"peer_value\": %.6g, "
        "\"ratio\": %.4g, ",
        row->id, row->value, row->unit, row->peer, row->peer_value, ratio);
    if (row->target > 0)
        printf("\"target\": %.4g, \"at_most\": %s, \"met\": %s}\n", row->target,
               row->at_most ? "true" : "false",
               (row->at_most ? ratio <= row->target : ratio >= row->target) ? "true" : "false");
    else
        printf("\"target\": null}\n");
    fflush(stdout);
}

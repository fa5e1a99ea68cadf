/* SPDX-License-Identifier: Apache-2.0 */
/* What the benchmarks share: rounds in which the contenders take turns, medians, one JSON line a row. */
#ifndef KM_BENCH_H
#define KM_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BENCH_ROUNDS 5
#define BENCH_THREADS_MAX 8
#define BENCH_CONTENDERS_MAX 6

/* One way of doing the same work. Functions end the program with a sentence when they can't. */
struct bench_contender {
    const char *name;
    void *(*begin)(unsigned thread); /* per thread, not timed; returns what once and end get */
    void (*once)(void *thread);      /* one operation */
    void (*end)(void *thread);
};

/* What a contender reached: operations per second, medians over the rounds. */
struct bench_result {
    double rate;    /* all threads together */
    double fairest; /* slowest thread / fastest thread */
};

/*
 * bench_run: each contender with n_threads threads for `seconds` a round, taking turns, BENCH_ROUNDS times
 * after one that is not counted. Results in ret, in the contenders' order.
 */
void bench_run(const struct bench_contender *contenders, size_t n_contenders, unsigned n_threads,
               double seconds, struct bench_result *ret);

/* One row: ours beside a peer. With target 0 there is none; at_most: the ratio is to stay below. */
struct bench_row {
    const char *id;
    const char *unit;
    double value;
    const char *peer;
    double peer_value;
    double target;
    bool at_most;
};
/* bench_print: the row as one JSON line on standard output; ratio is value / peer_value. */
void bench_print(const struct bench_row *row);

/* bench_tree_kb: the number behind NAME in a file of /proc, of a process and all below it together. */
double bench_tree_kb(long pid, const char *file, const char *name);
/* bench_tree_cpu_s: processor time that a process and all below it that live have used. */
double bench_tree_cpu_s(long pid);
uint64_t bench_now_ns(void);
double bench_median(double *values, size_t n);
/* bench_remove_tree: a temporary directory and all below it. */
void bench_remove_tree(const char *path);
/* bench_die: a sentence on stderr and exit status 1. */
void bench_die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif

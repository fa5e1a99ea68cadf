/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Encrypted files of 64 MiB, and small ones, beside what a program without a service would do: openssl enc into a file that is then
 * synced, and reading it back through openssl enc -d. Usage: bench_files WORK_DIR
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "clrf.h"

#define MIB ((size_t)1 << 20)
#define FILE_MIB 64u
#define SMALL 400u

static uint8_t *contents, *back;
static ClrfOptions with_password = {.password = (const uint8_t *)"a password",
                                    .password_length = 10};

static void must(ClrcResult result)
{
    if (result != CLRC_SUCCESS)
        bench_die("%s (0x%08x)", clrfLastError(), (unsigned)result);
}

static void *no_begin(unsigned thread)
{
    (void)thread;
    return NULL;
}

static void no_end(void *state)
{
    (void)state;
}

/* ---- ours ---- */

static void put(const char *name, const ClrfOptions *options, size_t length)
{
    ClrfHandle file = NULL;
    must(clrfOpen(name, CLRF_WRITE | CLRF_REPLACE, options, &file));
    must(clrfWrite(file, contents, length));
    must(clrfCommit(file));
}

static void get(const char *name, const ClrfOptions *options, size_t length)
{
    ClrfHandle file = NULL;
    size_t got = length;
    must(clrfOpen(name, CLRF_READ, options, &file));
    must(clrfRead(file, back, &got));
    clrfClose(file);
    if (got != length || memcmp(back, contents, length) != 0)
        bench_die("%s came back different", name);
}

static void write_plain(void *state)
{
    (void)state;
    put("bench plain", NULL, FILE_MIB * MIB);
}

static void read_plain(void *state)
{
    (void)state;
    get("bench plain", NULL, FILE_MIB * MIB);
}

static void write_sealed(void *state)
{
    (void)state;
    put("bench sealed", &with_password, FILE_MIB * MIB);
}

static void read_sealed(void *state)
{
    (void)state;
    get("bench sealed", &with_password, FILE_MIB * MIB);
}

/* ---- beside: openssl enc through pipes, as a script would ---- */

static pid_t openssl(const char *mode, int in, int out)
{
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(in, STDIN_FILENO);
        (void)dup2(out, STDOUT_FILENO);
        (void)execlp("openssl", "openssl", "enc", mode, "-aes-256-ctr", "-K",
                     "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "-iv",
                     "00112233445566778899aabbccddeeff", (char *)NULL);
        _exit(127);
    }
    if (pid < 0)
        bench_die("fork: %s", strerror(errno));
    return pid;
}

static void reap(pid_t pid)
{
    int status = -1;
    if (waitpid(pid, &status, 0) != pid || status != 0)
        bench_die("openssl enc failed");
}

static void write_all(int fd, const uint8_t *octets, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, octets, length);
        if (n <= 0)
            bench_die("write: %s", strerror(errno));
        octets += n;
        length -= (size_t)n;
    }
}

static void write_enc(void *state)
{
    int ends[2] = {-1, -1};
    (void)state;
    int out = open("enc.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (out < 0 || pipe2(ends, O_CLOEXEC) != 0)
        bench_die("enc.new: %s", strerror(errno));
    pid_t pid = openssl("-e", ends[0], out);
    (void)close(ends[0]);
    write_all(ends[1], contents, FILE_MIB * MIB);
    (void)close(ends[1]);
    reap(pid);
    if (fsync(out) != 0 || rename("enc.new", "enc") != 0)
        bench_die("enc: %s", strerror(errno));
    (void)close(out);
}

static void read_enc(void *state)
{
    int ends[2] = {-1, -1};
    size_t done = 0;
    ssize_t n = 0;
    (void)state;
    int in = open("enc", O_RDONLY | O_CLOEXEC);
    if (in < 0 || pipe2(ends, O_CLOEXEC) != 0)
        bench_die("enc: %s", strerror(errno));
    pid_t pid = openssl("-d", in, ends[1]);
    (void)close(ends[1]);
    while ((n = read(ends[0], back + done, FILE_MIB * MIB - done)) > 0)
        done += (size_t)n;
    (void)close(ends[0]);
    (void)close(in);
    reap(pid);
    if (done != FILE_MIB * MIB || memcmp(back, contents, done) != 0)
        bench_die("enc came back different");
}

/* ---- small files ---- */

static unsigned small_number;

static void small_name(char ret[32])
{
    (void)snprintf(ret, 32, "small %u", small_number++ % 64u);
}

static void small_put(void *state)
{
    char name[32] = "";
    (void)state;
    small_name(name);
    put(name, NULL, SMALL);
}

static void small_get(void *state)
{
    char name[32] = "";
    (void)state;
    small_name(name);
    get(name, NULL, SMALL);
}

/* A new file, synced, in the place of the old one: in the clear, and all that one user can do without help. */
static void small_write(void *state)
{
    char name[32] = "";
    (void)state;
    small_name(name);
    int fd = open("small.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        bench_die("small.new: %s", strerror(errno));
    write_all(fd, contents, SMALL);
    if (fsync(fd) != 0 || rename("small.new", name) != 0)
        bench_die("%s: %s", name, strerror(errno));
    (void)close(fd);
}

static void small_read(void *state)
{
    char name[32] = "";
    (void)state;
    small_name(name);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, back, SMALL) != SMALL)
        bench_die("%s: %s", name, strerror(errno));
    (void)close(fd);
}

/* ---- rounds ---- */

static double time_of(void (*once)(void *state))
{
    uint64_t start = bench_now_ns();
    once(NULL);
    return (double)(bench_now_ns() - start) / 1e9;
}

/* In turns, as everywhere: one of each, five times after one that is not counted. */
static void race(const char *id, void (*ours)(void *), void (*peer)(void *))
{
    double a[BENCH_ROUNDS] = {0};
    double b[BENCH_ROUNDS] = {0};
    for (int round = -1; round < BENCH_ROUNDS; round++) {
        double ours_s = time_of(ours);
        double peer_s = time_of(peer);
        if (round < 0)
            continue;
        a[round] = FILE_MIB / ours_s;
        b[round] = FILE_MIB / peer_s;
    }
    const struct bench_row row = {.id = id,
                                  .unit = "MiB/s",
                                  .value = bench_median(a, BENCH_ROUNDS),
                                  .peer = "openssl enc, file synced",
                                  .peer_value = bench_median(b, BENCH_ROUNDS)};
    bench_print(&row);
}

static void race_small(const char *id, void (*ours)(void *), void (*peer)(void *))
{
    const struct bench_contender contenders[] = {{"ours", no_begin, ours, no_end},
                                                 {"peer", no_begin, peer, no_end}};
    struct bench_result results[2] = {{0}};
    bench_run(contenders, 2, 1, 0.5, results);
    const struct bench_row row = {.id = id,
                                  .unit = "files/s",
                                  .value = results[0].rate,
                                  .peer = "plain files, synced, in the clear",
                                  .peer_value = results[1].rate};
    bench_print(&row);
}

int main(int argc, char **argv)
{
    if (argc != 2 || chdir(argv[1]) != 0)
        bench_die("usage: bench_files WORK_DIR");
    contents = malloc(FILE_MIB * MIB);
    back = malloc(FILE_MIB * MIB);
    if (contents == NULL || back == NULL)
        bench_die("memory is short");
    for (size_t i = 0; i < FILE_MIB * MIB; i++)
        contents[i] = (uint8_t)(i * 2654435761u >> 16);
    race("encrypted file of 64 MiB, write", write_plain, write_enc);
    race("encrypted file of 64 MiB, read", read_plain, read_enc);
    must(clrfDelete("bench plain", 0, NULL));
    race("the same under a password, write", write_sealed, write_enc);
    race("the same under a password, read", read_sealed, read_enc);
    must(clrfDelete("bench sealed", 0, &with_password));
    race_small("encrypted file of 400 octets, replace", small_put, small_write);
    race_small("encrypted file of 400 octets, read", small_get, small_read);
    return EXIT_SUCCESS;
}

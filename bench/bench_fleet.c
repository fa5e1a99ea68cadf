/* SPDX-License-Identifier: Apache-2.0 */
/* bench_fleet FACTORY_DIR: opaque key packages for a production run, each for a device of its own, beside the script that makes one. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "bench.h"
#include "common/km_file.h"
#include "factory/fleet/run.h"

#define DEVICES 2000u
#define SCRIPTS 10u
#define ROW_MAX 256u

static char dir[] = "/tmp/keymoor-bench-fleet.XXXXXX";

static void must(km_status status, const struct km_err *err)
{
    if (status != KM_OK)
        bench_die("%s", err->text);
}

static FILE *create(const char *name)
{
    FILE *file = fopen(name, "we");
    if (file == NULL)
        bench_die("can't write %s/%s", dir, name);
    return file;
}

static void write_keys(void)
{
    char name[64] = {0};
    for (unsigned i = 0; i <= DEVICES; i++) {
        EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
        (void)snprintf(name, sizeof(name), i == DEVICES ? "oem.pem" : "key-%u.pub", i);
        FILE *file = create(name);
        int ok = i == DEVICES ? PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)
                              : PEM_write_PUBKEY(file, key);
        if (ok != 1 || fclose(file) != 0)
            bench_die("can't write %s", name);
        EVP_PKEY_free(key);
    }
}

/* The run's CSV; outputs of each round go to a folder of their own. */
static char *write_csv(unsigned round, size_t *ret_len)
{
    char *csv = calloc(DEVICES + 1, ROW_MAX);
    if (csv == NULL)
        bench_die("no memory");
    size_t at = (size_t)snprintf(csv, ROW_MAX, "device,device_key,make,name,type,key,output\n");
    for (unsigned i = 0; i < DEVICES; i++)
        at += (size_t)snprintf(csv + at, ROW_MAX,
                               "d%u,key-%u.pub,opaque-key,bench,KEY_AES,generate,out-%u/%u\n", i, i,
                               round, i);
    *ret_len = at;
    return csv;
}

static double cpu_s(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void one_round(const struct km_fleet *fleet, unsigned round, double *ret_rate,
                      double *ret_cpu_rate)
{
    struct km_err err = {0};
    struct km_fleet_totals totals = {0};
    char name[64] = {0};
    size_t len = 0;
    char *csv = write_csv(round, &len);
    (void)snprintf(name, sizeof(name), "out-%u", round);
    if (mkdir(name, 0755) != 0)
        bench_die("can't make %s", name);
    (void)snprintf(name, sizeof(name), "journal-%u", round);
    struct km_fleet_run run = {.fleet = fleet,
                               .csv = KM_SLICE(csv, len),
                               .journal = name,
                               .table = stderr,
                               .format = KM_FLEET_SILENT};
    uint64_t start = bench_now_ns();
    double cpu = cpu_s();
    must(km_fleet_run(&err, &run, &totals), &err);
    *ret_cpu_rate = DEVICES / (cpu_s() - cpu);
    *ret_rate = DEVICES / ((double)(bench_now_ns() - start) * 1e-9);
    if (totals.made != DEVICES)
        bench_die("%u of %u were made", totals.made, DEVICES);
    free(csv);
}

/* One package by the script, in seconds. */
static double script_s(const char *factory)
{
    char command[4096] = {0};
    (void)snprintf(
        command, sizeof(command),
        "head -c 32 /dev/zero >aes; exec '%s/make_opaque_key_package.sh' -n bench -t KEY_AES -K aes "
        "-S oem.pem -D key-0.pub -o script.out",
        factory);
    uint64_t start = bench_now_ns();
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        bench_die("the script failed");
    return (double)(bench_now_ns() - start) * 1e-9;
}

static void print(const char *id, double value, const char *peer, double peer_value, double target)
{
    bench_print(&(struct bench_row){.id = id,
                                    .unit = "packages/s",
                                    .value = value,
                                    .peer = peer,
                                    .peer_value = peer_value,
                                    .target = target});
}

int main(int argc, char **argv)
{
    struct km_err err = {0};
    struct km_fleet fleet = {0};
    double rates[BENCH_ROUNDS] = {0};
    double cpu_rates[BENCH_ROUNDS] = {0};
    double scripts[SCRIPTS] = {0};
    char *factory = argc == 2 ? realpath(argv[1], NULL) : NULL;
    if (factory == NULL)
        bench_die("usage: bench_fleet FACTORY_DIR");
    if (mkdtemp(dir) == NULL || chdir(dir) != 0)
        bench_die("can't make %s", dir);
    write_keys();
    must(km_fleet_seal_new(&err, "AES_CTR", "HMAC_SHA256", &fleet.seal), &err);
    must(km_fleet_signer_open(&err, "oem.pem", NULL, NULL, &fleet.signer), &err);
    for (unsigned i = 0; i < BENCH_ROUNDS; i++)
        one_round(&fleet, i, &rates[i], &cpu_rates[i]);
    for (unsigned i = 0; i < SCRIPTS; i++)
        scripts[i] = script_s(factory);
    double rate = bench_median(rates, BENCH_ROUNDS);
    print("opaque keys for 2,000 devices", rate, "the script, one at a time",
          1 / bench_median(scripts, SCRIPTS), 50);
    print("opaque keys for 2,000 devices", rate, "the limit", 1000, 1);
    print("the same, for each second of one CPU", bench_median(cpu_rates, BENCH_ROUNDS),
          "the limit", 1000, 1);
    km_fleet_signer_free(fleet.signer);
    km_fleet_seal_free(fleet.seal);
    free(factory);
    if (chdir("/") == 0)
        bench_remove_tree(dir);
    return EXIT_SUCCESS;
}

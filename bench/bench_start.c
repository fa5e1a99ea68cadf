/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_start KEYMOORD [ARGUMENT ...]: cold start of the service to its first signature, and what the
 * service and one instance keep resident. The socket is $KEYMOOR_SOCKET; a new state directory is
 * made for each start and its name put in place of the argument "STATE".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "clrc.h"

#define STARTS 5

static pid_t start_service(char **argv, char *state)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    for (char **arg = argv; *arg != NULL; arg++)
        if (strcmp(*arg, "STATE") == 0)
            *arg = state;
    (void)execv(argv[0], argv);
    _exit(127);
}

static ClrcResult sign_once(ClrcKeyHandle *ret_key)
{
    ClrcKeyTemplate wish = {.type = KEY_ECDSA_KEYPAIR, .bits = 256};
    static const uint8_t digest[32] = {5};
    uint8_t signature[80];
    uint32_t length = sizeof signature;
    ClrcResult result = clrcCreateKey(&wish, ret_key);
    return result == CLRC_SUCCESS
               ? clrcSignDigest(*ret_key, CLRC_ECDSA, digest, sizeof digest, signature, &length)
               : result;
}

int main(int argc, char **argv)
{
    double starts_ms[STARTS] = {0};
    double pss_mib[STARTS] = {0};
    double rss_mib[STARTS] = {0};
    if (argc < 2 || argv[1] == NULL)
        bench_die("usage: bench_start KEYMOORD [ARGUMENT ...]");
    for (int i = 0; i < STARTS; i++) {
        char state[] = "/tmp/bench-start.XXXXXX";
        if (mkdtemp(state) == NULL)
            bench_die("no temporary directory");
        uint64_t start = bench_now_ns();
        pid_t pid = start_service(argv + 1, state);
        ClrcKeyHandle key = NULL;
        ClrcResult result = CLRC_ERROR_NO_SERVICE;
        while ((result = sign_once(&key)) != CLRC_SUCCESS && bench_now_ns() - start < 10000000000u)
            nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);
        starts_ms[i] = (double)(bench_now_ns() - start) / 1e6;
        if (result != CLRC_SUCCESS)
            bench_die("no signature within 10 s: %s", clrcResultText(result));
        pss_mib[i] = bench_tree_kb(pid, "smaps_rollup", "Pss:") / 1024;
        rss_mib[i] = bench_tree_kb(pid, "status", "VmRSS:") / 1024;
        clrcFreeKey(key);
        clrcShutdown();
        kill(pid, SIGTERM);
        waitpid(pid, NULL, 0);
        bench_remove_tree(state);
    }
    bench_print(&(struct bench_row){.id = "cold start to first signature",
                                    .unit = "ms",
                                    .value = bench_median(starts_ms, STARTS),
                                    .peer = "the limit",
                                    .peer_value = 150,
                                    .target = 1,
                                    .at_most = true});
    bench_print(&(struct bench_row){.id = "resident: service and one instance (PSS)",
                                    .unit = "MiB",
                                    .value = bench_median(pss_mib, STARTS),
                                    .peer = "the limit",
                                    .peer_value = 12,
                                    .target = 1,
                                    .at_most = true});
    bench_print(&(struct bench_row){.id = "the same, shared pages counted in each process (RSS)",
                                    .unit = "MiB",
                                    .value = bench_median(rss_mib, STARTS),
                                    .peer = "the limit",
                                    .peer_value = 12});
    return EXIT_SUCCESS;
}

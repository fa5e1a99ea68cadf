/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the channel costs: the same work through TEEC_InvokeCommand in another process, and in this
 * one. Both are measured in turn, five times; each line has the median of the five ratios.
 *
 * Usage: bench_channel [--seconds S] [--only ID-PREFIX]
 * One JSON line a row, see bench.h.
 */
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/bench.h"
#include "common/km_bytes.h"
#include "common/km_sock.h"
#include "include/tee_client_api.h"
#include "tee/channel/lane.h"
#include "tee/channel/lane_page.h"
#include "tee/channel/wire.h"

#define ROUNDS 5
#define THREADS_MAX 8
#define MIB 1048576u

enum command { EMPTY, SIGN, GCM, SHA256, CPU_TIME };

static double seconds = 0.4;
static const char *only = "";

static double now(void)
{
    struct timespec at = {0};
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void must(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench_channel: %s failed\n", what);
    exit(1);
}

/* ---- the work, the same on both sides ---- */

struct work {
    OSSL_LIB_CTX *lib;
    EVP_PKEY *key;
    EVP_PKEY_CTX *sign;
    EVP_CIPHER *gcm;
    EVP_CIPHER_CTX *cipher;
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
};

static void work_open(struct work *work)
{
    static const uint8_t key[32] = {1};
    static const uint8_t iv[12] = {2};
    work->lib = OSSL_LIB_CTX_new();
    EVP_PKEY_CTX *gen = EVP_PKEY_CTX_new_from_name(work->lib, "EC", NULL);
    must(gen != NULL && EVP_PKEY_keygen_init(gen) == 1 &&
             EVP_PKEY_CTX_set_group_name(gen, "P-256") == 1 &&
             EVP_PKEY_generate(gen, &work->key) == 1,
         "key generation");
    EVP_PKEY_CTX_free(gen);
    work->sign = EVP_PKEY_CTX_new_from_pkey(work->lib, work->key, NULL);
    must(work->sign != NULL && EVP_PKEY_sign_init(work->sign) == 1, "EVP_PKEY_sign_init");
    work->gcm = EVP_CIPHER_fetch(work->lib, "AES-256-GCM", NULL);
    work->cipher = EVP_CIPHER_CTX_new();
    must(EVP_EncryptInit_ex2(work->cipher, work->gcm, key, iv, NULL) == 1, "EVP_EncryptInit_ex2");
    work->sha256 = EVP_MD_fetch(work->lib, "SHA256", NULL);
    work->digest = EVP_MD_CTX_new();
}

static void work_close(struct work *work)
{
    EVP_MD_CTX_free(work->digest);
    EVP_MD_free(work->sha256);
    EVP_CIPHER_CTX_free(work->cipher);
    EVP_CIPHER_free(work->gcm);
    EVP_PKEY_CTX_free(work->sign);
    EVP_PKEY_free(work->key);
    OSSL_LIB_CTX_free(work->lib);
}

static bool work_sign(struct work *work, const void *digest, size_t len, void *sig, size_t *sig_len)
{
    return EVP_PKEY_sign(work->sign, sig, sig_len, digest, len) == 1;
}

static bool work_gcm(struct work *work, const void *in, size_t len, void *out)
{
    static const uint8_t iv[12] = {2};
    uint8_t last[16];
    int n = 0;
    return EVP_EncryptInit_ex2(work->cipher, NULL, NULL, iv, NULL) == 1 &&
           EVP_EncryptUpdate(work->cipher, out, &n, in, (int)len) == 1 &&
           EVP_EncryptFinal_ex(work->cipher, last, &n) == 1;
}

static bool work_sha256(struct work *work, const void *in, size_t len, void *out)
{
    unsigned n = 0;
    return EVP_DigestInit_ex2(work->digest, work->sha256, NULL) == 1 &&
           EVP_DigestUpdate(work->digest, in, len) == 1 &&
           EVP_DigestFinal_ex(work->digest, out, &n) == 1;
}

/* ---- the other side: a service that opens sessions, and its instances ---- */

static uint32_t cpu_time_us(void)
{
    struct timespec at = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (uint32_t)(at.tv_sec * 1000000 + at.tv_nsec / 1000);
}

static bool serve_call(struct work *work, struct km_lane_call *call)
{
    struct km_lane_param *params = call->params;
    switch (call->command) {
    case SIGN:
        return work_sign(work, params[0].buffer, params[0].size, params[1].buffer, &params[1].size);
    case GCM:
        return work_gcm(work, params[0].buffer, params[0].size, params[1].buffer);
    case SHA256:
        params[1].size = 32;
        return work_sha256(work, params[0].buffer, params[0].size, params[1].buffer);
    case CPU_TIME:
        params[0].a = cpu_time_us();
        return true;
    default:
        return true;
    }
}

static void serve_lane(int memory, int sock)
{
    struct work work = {0};
    struct km_lane_server *lane = NULL;
    struct km_lane_call call = {0};
    size_t at = 0;
    work_open(&work);
    km_lane_server_prepare();
    must(km_lane_server_new(NULL, memory, sock, &lane) == KM_OK, "km_lane_server_new");
    for (;;) {
        km_status status = km_lane_server_wait(NULL, &lane, 1, &at);
        if (status == KM_E_CANCELLED)
            continue;
        if (status != KM_OK)
            exit(0);
        bool ok = km_lane_server_take(NULL, lane, &call) == KM_OK &&
                  (call.op != KM_LANE_INVOKE || serve_call(&work, &call));
        km_lane_server_reply(lane, &call, ok ? 0 : TEEC_ERROR_GENERIC, TEEC_ORIGIN_TRUSTED_APP);
    }
}

static void open_one(int sock, int listener)
{
    uint8_t buf[KM_WIRE_MAX] = {0};
    size_t len = 0;
    int memory = -1;
    int pair[2] = {-1, -1};
    struct km_slice msg = {0};
    if (km_sock_recv(NULL, sock, KM_SPAN(buf, sizeof(buf)), &len, NULL, 0, NULL) != KM_OK)
        return;
    must(km_lane_memory_new(NULL, &memory) == KM_OK && km_sock_pair(NULL, pair) == KM_OK, "a lane");
    if (fork() == 0) {
        close(sock);
        close(listener);
        close(pair[0]);
        serve_lane(memory, pair[1]);
    }
    struct km_wr wr = km_wr_init(buf, sizeof(buf));
    km_wire_header_put(&wr, &(struct km_wire_header){.type = KM_WIRE_OPENED, .serial = 1});
    km_wire_opened_put(&wr, &(struct km_wire_opened){.session = 1});
    must(km_wr_finish(&wr, &msg), "OPENED");
    (void)!km_sock_send(NULL, sock, msg, (int[]){memory, pair[0]}, 2);
    close(memory);
    close(pair[0]);
    close(pair[1]);
}

static void serve(int listener)
{
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (sock < 0)
            continue;
        open_one(sock, listener);
        close(sock);
    }
}

static char path[64];
static pid_t service;

static void service_stop(void)
{
    kill(service, SIGKILL);
    waitpid(service, NULL, 0);
    unlink(path);
}

static void service_start(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(path, sizeof(path), "/tmp/bench_channel.%d", (int)getpid());
    km_copy(at.sun_path, sizeof(at.sun_path), path, strlen(path) + 1);
    int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    must(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 16) == 0,
         "listening");
    service = fork();
    if (service == 0)
        serve(listener);
    close(listener);
}

/* ---- what is timed ---- */

struct runner {
    struct work work;
    TEEC_Context *context;
    TEEC_Session session;
    TEEC_SharedMemory memory; /* registered: in and out, MIB each */
    uint8_t *in;
    uint8_t *out;
    uint32_t command;
    bool in_process;
    bool registered;
    uint64_t n;
};

static pthread_barrier_t start_line;
static _Atomic bool stop;

static bool run_remote(struct runner *r)
{
    TEEC_Operation op = {0};
    if (r->command == EMPTY)
        return TEEC_InvokeCommand(&r->session, EMPTY, NULL, NULL) == TEEC_SUCCESS;
    if (r->command == SIGN) {
        uint8_t sig[80];
        op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, 0, 0);
        op.params[0].tmpref = (TEEC_TempMemoryReference){r->in, 32};
        op.params[1].tmpref = (TEEC_TempMemoryReference){sig, sizeof(sig)};
    } else if (r->registered) {
        op.paramTypes =
            TEEC_PARAM_TYPES(TEEC_MEMREF_PARTIAL_INPUT, TEEC_MEMREF_PARTIAL_OUTPUT, 0, 0);
        op.params[0].memref = (TEEC_RegisteredMemoryReference){&r->memory, MIB, 0};
        op.params[1].memref =
            (TEEC_RegisteredMemoryReference){&r->memory, r->command == GCM ? MIB : 32, MIB};
    } else {
        op.paramTypes = TEEC_PARAM_TYPES(TEEC_MEMREF_TEMP_INPUT, TEEC_MEMREF_TEMP_OUTPUT, 0, 0);
        op.params[0].tmpref = (TEEC_TempMemoryReference){r->in, MIB};
        op.params[1].tmpref = (TEEC_TempMemoryReference){r->out, r->command == GCM ? MIB : 32};
    }
    return TEEC_InvokeCommand(&r->session, r->command, &op, NULL) == TEEC_SUCCESS;
}

static bool run_here(struct runner *r)
{
    uint8_t sig[80];
    size_t len = sizeof(sig);
    if (r->command == SIGN)
        return work_sign(&r->work, r->in, 32, sig, &len);
    return r->command == GCM ? work_gcm(&r->work, r->in, MIB, r->out)
                             : work_sha256(&r->work, r->in, MIB, r->out);
}

static void *run(void *arg)
{
    struct runner *r = (struct runner *)arg;
    for (unsigned i = 0; i < 20; i++)
        must(r->in_process ? run_here(r) : run_remote(r), "warming up");
    pthread_barrier_wait(&start_line);
    uint64_t n = 0;
    for (; !atomic_load_explicit(&stop, memory_order_relaxed); n++)
        must(r->in_process ? run_here(r) : run_remote(r), "a call");
    r->n = n;
    return NULL;
}

static uint32_t instance_cpu(struct runner *r)
{
    TEEC_Operation op = {.paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, 0, 0, 0)};
    must(TEEC_InvokeCommand(&r->session, CPU_TIME, &op, NULL) == TEEC_SUCCESS, "CPU_TIME");
    return op.params[0].value.a;
}

/* What this process and the instances have used, in microseconds; it wraps. */
static uint32_t cpu_of_all(struct runner *runners, size_t n, bool in_process)
{
    uint32_t us = cpu_time_us();
    for (size_t i = 0; i < n && !in_process; i++)
        us += instance_cpu(&runners[i]);
    return us;
}

struct score {
    double rate; /* calls a second, of all threads together */
    double fairness;
    double cpu_us; /* of processor time a call, both sides together */
};

static struct score timed(struct runner *runners, size_t n, uint32_t command, bool in_process,
                          bool registered)
{
    pthread_t threads[THREADS_MAX];
    uint64_t total = 0;
    uint64_t least = UINT64_MAX;
    uint64_t most = 0;
    atomic_store(&stop, false);
    pthread_barrier_init(&start_line, NULL, (unsigned)n + 1);
    for (size_t i = 0; i < n; i++) {
        runners[i].command = command;
        runners[i].in_process = in_process;
        runners[i].registered = registered;
        must(pthread_create(&threads[i], NULL, run, &runners[i]) == 0, "pthread_create");
    }
    uint32_t cpu = cpu_of_all(runners, in_process ? 0 : n, in_process);
    pthread_barrier_wait(&start_line);
    double begin = now();
    struct timespec span = {.tv_sec = (time_t)seconds,
                            .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9)};
    nanosleep(&span, NULL);
    atomic_store(&stop, true);
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    double took = now() - begin;
    cpu = cpu_of_all(runners, n, in_process) - cpu;
    for (size_t i = 0; i < n; i++) {
        total += runners[i].n;
        least = runners[i].n < least ? runners[i].n : least;
        most = runners[i].n > most ? runners[i].n : most;
    }
    pthread_barrier_destroy(&start_line);
    return (struct score){.rate = (double)total / took,
                          .fairness = (double)least / (double)most,
                          .cpu_us = (double)cpu / (double)total};
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), compare);
    return values[ROUNDS / 2];
}

static bool wanted(const char *id)
{
    return strncmp(id, only, strlen(only)) == 0;
}

static void print(const char *id, const char *unit, double value, const char *peer,
                  double peer_value, double target, bool at_most)
{
    bench_print(&(struct bench_row){.id = id,
                                    .unit = unit,
                                    .value = value,
                                    .peer = peer,
                                    .peer_value = peer_value,
                                    .target = target,
                                    .at_most = at_most});
    fflush(stdout);
}

/* ---- what two processes on one CPU pay at least to sleep for each other ---- */

/* Bit 0 is whose turn it is, bit 1 that the other one sleeps. */
static void futex_pass(_Atomic uint32_t *word, uint32_t me)
{
    if ((atomic_exchange(word, 1 - me) & 2u) != 0)
        km_futex_wake(word, 1);
    for (;;) {
        uint32_t was = atomic_fetch_or(word, 2u);
        if ((was & 1u) == me)
            break;
        km_futex_wait(word, was | 2u, KM_FOREVER);
    }
}

static double futex_ping_pong(void)
{
    _Atomic uint32_t *word =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pids[2] = {0};
    int result[2] = {-1, -1};
    double us = 0;
    must(pipe2(result, O_CLOEXEC) == 0, "pipe2");
    for (uint32_t me = 0; me < 2; me++) {
        pids[me] = fork();
        if (pids[me] != 0)
            continue;
        cpu_set_t first = {0};
        CPU_SET((size_t)sched_getcpu(), &first);
        if (me == 1)
            must(read(result[0], &first, sizeof(first)) == sizeof(first), "a CPU");
        else
            must(write(result[1], &first, sizeof(first)) == sizeof(first), "a CPU");
        must(sched_setaffinity(0, sizeof(first), &first) == 0, "sched_setaffinity");
        uint32_t n = 0;
        double begin = now();
        for (; me == 1 || n % 1024 != 0 || now() < begin + seconds; n++)
            futex_pass(word, me);
        us = (now() - begin) / n * 1e6;
        must(write(result[1], &us, sizeof(us)) == sizeof(us), "the result");
        _exit(0);
    }
    waitpid(pids[0], NULL, 0);
    must(read(result[0], &us, sizeof(us)) == sizeof(us), "the result");
    kill(pids[1], SIGKILL);
    waitpid(pids[1], NULL, 0);
    close(result[0]);
    close(result[1]);
    munmap((void *)word, 4096);
    return us;
}

static void print_sleeping(size_t n, double us)
{
    static double bare;
    char id[64];
    if (bare == 0)
        bare = futex_ping_pong();
    snprintf(id, sizeof(id), "channel.sleep.%zu", n);
    print(id, "us of CPU beside the work", us, "bare futex ping-pong on one CPU", bare, 0, false);
}

static void compare_rates(const char *id, struct runner *runners, size_t n, uint32_t command,
                          bool registered, double target)
{
    double theirs[ROUNDS];
    double ratios[ROUNDS];
    double fair[ROUNDS];
    double cpu[ROUNDS];
    double peer_cpu[ROUNDS];
    char cpu_id[64];
    if (!wanted(id))
        return;
    for (size_t i = 0; i < ROUNDS; i++) {
        struct score peer = timed(runners, n, command, true, registered);
        struct score score = timed(runners, n, command, false, registered);
        theirs[i] = peer.rate;
        ratios[i] = score.rate / peer.rate;
        fair[i] = score.fairness;
        cpu[i] = score.cpu_us;
        peer_cpu[i] = peer.cpu_us;
    }
    /* The median of the ratios, not the ratio of medians: a round has one and the same noise. */
    double peer = median(theirs);
    print(id, "calls/s", median(ratios) * peer, "libcrypto in process", peer, target, false);
    snprintf(cpu_id, sizeof(cpu_id), "%s.cpu", id);
    print(cpu_id, "us a call", median(cpu), "libcrypto in process", median(peer_cpu), 0, false);
    if (n > 1 && command == SIGN && strncmp(id, "channel.sign", 12) == 0)
        print_sleeping(n, median(cpu) - median(peer_cpu));
    if (n == 8)
        print("channel.fairness.8", "slowest", median(fair), "fastest thread", 1, 0.8, false);
}

/* ---- the cheapest there is: two processes and one word ---- */

static void relax(bool pause)
{
#if defined(__x86_64__) || defined(__i386__)
    if (pause)
        __builtin_ia32_pause();
#else
    (void)pause;
#endif
}

static double ping_pong(bool pause)
{
    _Atomic uint32_t *word =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pid_t pid = fork();
    if (pid == 0) {
        for (uint32_t want = 1;; want += 2) {
            while (atomic_load_explicit(word, memory_order_acquire) != want)
                relax(pause);
            atomic_store_explicit(word, want + 1, memory_order_release);
        }
    }
    uint32_t n = 0;
    double begin = now();
    double end = begin + seconds;
    for (; n % 4096 != 0 || now() < end; n++) {
        atomic_store_explicit(word, 2 * n + 1, memory_order_release);
        while (atomic_load_explicit(word, memory_order_acquire) != 2 * n + 2)
            relax(pause);
    }
    double took = now() - begin;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    munmap((void *)word, 4096);
    return took / n * 1e9;
}

static void bench_empty(struct runner *runners)
{
    double theirs[ROUNDS];
    double ratios[ROUNDS];
    if (!wanted("channel.empty"))
        return;
    for (size_t i = 0; i < ROUNDS; i++) {
        double a = ping_pong(false);
        double b = ping_pong(true);
        theirs[i] = a < b ? a : b;
        ratios[i] = 1e9 / timed(runners, 1, EMPTY, false, false).rate / theirs[i];
    }
    double peer = median(theirs);
    print("channel.empty", "ns", median(ratios) * peer, "bare ping-pong", peer, 1.6, true);
}

/* ---- idle, and neighbours ---- */

static void bench_idle(struct runner *runners)
{
    if (!wanted("channel.idle"))
        return;
    (void)instance_cpu(&runners[0]);
    struct timespec second = {.tv_sec = 2};
    uint32_t before = instance_cpu(&runners[0]);
    uint32_t ours = cpu_time_us();
    nanosleep(&second, NULL);
    ours = cpu_time_us() - ours;
    uint32_t theirs = instance_cpu(&runners[0]) - before;
    /* One spin and one wake belong to the calls around the pause. */
    print("channel.idle", "us in 2 s", (double)(ours + theirs), "a thousandth", 2000, 1, true);
}

static void bench_busy(struct runner *runners)
{
    pid_t pids[2] = {0};
    if (!wanted("channel.busy"))
        return;
    for (size_t i = 0; i < 2; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            for (volatile unsigned k = 0;; k++)
                continue;
        }
    }
    compare_rates("channel.busy.1", runners, 1, SIGN, false, 0.6);
    compare_rates("channel.busy.2", runners, 2, SIGN, false, 0.6);
    compare_rates("channel.busy.4", runners, 4, SIGN, false, 0.6);
    for (size_t i = 0; i < 2; i++) {
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
}

static void runner_open(struct runner *r, TEEC_Context *context)
{
    static const TEEC_UUID ta = {1, 2, 3, {4}};
    work_open(&r->work);
    r->context = context;
    must(TEEC_OpenSession(context, &r->session, &ta, TEEC_LOGIN_PUBLIC, NULL, NULL, NULL) ==
             TEEC_SUCCESS,
         "TEEC_OpenSession");
    r->in = malloc(MIB);
    r->out = malloc(MIB);
    must(r->in != NULL && r->out != NULL, "malloc");
    memset(r->in, 5, MIB);
    memset(r->out, 6, MIB);
    r->memory = (TEEC_SharedMemory){.size = 2 * MIB, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT};
    r->memory.buffer = malloc(2 * MIB);
    must(r->memory.buffer != NULL && TEEC_RegisterSharedMemory(context, &r->memory) == TEEC_SUCCESS,
         "TEEC_RegisterSharedMemory");
    memset(r->memory.buffer, 7, 2 * MIB);
}

static void runner_close(struct runner *r)
{
    TEEC_ReleaseSharedMemory(&r->memory);
    free(r->memory.buffer);
    TEEC_CloseSession(&r->session);
    free(r->in);
    free(r->out);
    work_close(&r->work);
}

static void options(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--seconds") == 0)
            seconds = strtod(argv[i + 1], NULL);
        else if (strcmp(argv[i], "--only") == 0)
            only = argv[i + 1];
    }
    if (argc % 2 == 0 || seconds <= 0) {
        fprintf(stderr, "usage: bench_channel [--seconds S] [--only ID-PREFIX]\n");
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static struct runner runners[THREADS_MAX];
    TEEC_Context context = {0};
    options(argc, argv);
    service_start();
    must(TEEC_InitializeContext(path, &context) == TEEC_SUCCESS, "TEEC_InitializeContext");
    for (size_t i = 0; i < THREADS_MAX; i++)
        runner_open(&runners[i], &context);
    bench_empty(runners);
    compare_rates("channel.sign.1", runners, 1, SIGN, false, 0.80);
    compare_rates("channel.sign.2", runners, 2, SIGN, false, 0.72);
    compare_rates("channel.sign.4", runners, 4, SIGN, false, 0.72);
    compare_rates("channel.sign.8", runners, 8, SIGN, false, 0.72);
    bench_busy(runners);
    bench_idle(runners);
    compare_rates("channel.gcm.registered", runners, 1, GCM, true, 0.90);
    compare_rates("channel.gcm.ordinary", runners, 1, GCM, false, 0.60);
    compare_rates("channel.sha256.registered", runners, 1, SHA256, true, 0.90);
    compare_rates("channel.sha256.ordinary", runners, 1, SHA256, false, 0.60);
    for (size_t i = 0; i < THREADS_MAX; i++)
        runner_close(&runners[i]);
    TEEC_FinalizeContext(&context);
    service_stop();
    return 0;
}

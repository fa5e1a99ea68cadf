/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clr_tls_demo_client: a TLS client whose handshake, keys and session secrets are in the trusted service.
 *
 * Its own key and certificate are either names under which the service has them, or files from outside; which, the
 * configuration says. It sends one line, prints the answer and closes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clrtls.h"
#include "demo_conf.h"

#define GREETING "Hi from client!"
#define CHAT_MAX 1024
#define PEM_MAX 65536
#define TIMEOUT_MS 10000u

static struct demo_conf_key conf[] = {
    {"host", "localhost", 0}, {"port", "", 1},      {"key_name", "", 0}, {"cert_name", "", 0},
    {"key_file", "", 0},      {"cert_file", "", 0}, {"ca_name", "", 0},
};
#define N_CONF (sizeof(conf) / sizeof(conf[0]))

static const char *conf_value(const char *name)
{
    return demo_conf_get(conf, N_CONF, name);
}

static int failed(ClrcResult result)
{
    if (result == CLRC_SUCCESS)
        return 0;
    fprintf(stderr, "%s\n", clrtlsLastError());
    return -1;
}

/* ---- the client's own key and certificate ---- */

static int read_file(const char *path, char *to, uint32_t *ret_length)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return -1;
    }
    size_t len = fread(to, 1, PEM_MAX, file);
    fclose(file);
    *ret_length = (uint32_t)len;
    return 0;
}

static int set_identity_files(ClrtlsContext *context)
{
    static char key[PEM_MAX], cert[PEM_MAX];
    uint32_t key_length = 0, cert_length = 0;
    int rc = -1;
    if (read_file(conf_value("key_file"), key, &key_length) == 0 &&
        read_file(conf_value("cert_file"), cert, &cert_length) == 0)
        rc = failed(clrtlsSetIdentityPem(context, key, key_length, cert, cert_length));
    explicit_bzero(key, sizeof(key));
    return rc;
}

static int set_identity(ClrtlsContext *context)
{
    if (conf_value("key_name")[0] != '\0')
        return failed(clrtlsSetIdentity(context, conf_value("key_name"), conf_value("cert_name")));
    if (conf_value("key_file")[0] != '\0')
        return set_identity_files(context);
    fprintf(stderr, "the configuration names neither a key nor a file with one\n");
    return -1;
}

static int set_up(ClrtlsContext *context)
{
    if (set_identity(context) != 0)
        return -1;
    return conf_value("ca_name")[0] == '\0'
               ? 0
               : failed(clrtlsSetAuthority(context, conf_value("ca_name")));
}

/* ---- the chat ---- */

static int chat(ClrtlsConnection *connection)
{
    char answer[CHAT_MAX + 1] = "";
    uint32_t length = (uint32_t)strlen(GREETING);
    if (failed(clrtlsWrite(connection, GREETING, &length)) != 0)
        return -1;
    length = CHAT_MAX;
    if (failed(clrtlsRead(connection, answer, &length)) != 0)
        return -1;
    answer[length] = '\0';
    printf("Got chat response: %s\n", answer);
    return failed(clrtlsShutdown(connection));
}

static void describe(ClrtlsConnection *connection)
{
    struct ClrtlsInfo info;
    if (clrtlsInfo(connection, &info) == CLRC_SUCCESS)
        printf("Connected: TLS 1.%c, %s, server %s\n",
               info.version == CLRTLS_VERSION_1_3 ? '3' : '2', info.suite, info.peer_name);
}

static int run(ClrtlsContext *context)
{
    ClrtlsConnection *connection = NULL;
    if (failed(clrtlsConnect(context, conf_value("host"), conf_value("port"), TIMEOUT_MS,
                             &connection)) != 0)
        return -1;
    describe(connection);
    int rc = failed(clrtlsSetTimeout(connection, TIMEOUT_MS));
    if (rc == 0)
        rc = chat(connection);
    clrtlsConnectionFree(connection);
    return rc;
}

int main(int argc, char **argv)
{
    const char *file = "demo_client.conf.prov";
    for (int option = 0; (option = getopt(argc, argv, "o:h")) != -1;) {
        if (option != 'o') {
            fprintf(option == 'h' ? stdout : stderr,
                    "Usage: clr_tls_demo_client [-o FILE]   (demo_client.conf.prov)\n");
            return option == 'h' ? EXIT_SUCCESS : 2;
        }
        file = optarg;
    }
    if (demo_conf_read(file, conf, N_CONF) != 0)
        return 2;
    ClrtlsContext *context = NULL;
    int rc = failed(clrtlsContextNew(CLRTLS_CLIENT, &context));
    if (rc == 0 && (rc = set_up(context)) == 0)
        rc = run(context);
    clrtlsContextFree(context);
    return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

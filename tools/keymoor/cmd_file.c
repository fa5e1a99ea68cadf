/* SPDX-License-Identifier: Apache-2.0 */
/* keymoor file ...: encrypted files in the storage application. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clrf.h"
#include "common/km_secret.h"
#include "keymoor.h"

static int file_failed(ClrcResult result, const char *what, const char *name)
{
    fprintf(stderr, "keymoor: file %s%s%s: %s (0x%08x)\n", what, name ? " " : "", name ? name : "",
            clrcResultText(result), result);
    fprintf(stderr, "keymoor: %s\n", clrfLastError());
    return EXIT_FAILURE;
}

/* ---- the password, where there is one ---- */

struct password {
    uint8_t octets[CLRF_PASSWORD_MAX + 2];
    ClrfOptions options;
};

static bool take_password(const struct km_options *options, const char *name, struct password *ret)
{
    *ret = (struct password){.options.password = ret->octets};
    return options->password_file == NULL ||
           read_password(options, name, ret->octets, sizeof ret->octets,
                         &ret->options.password_length);
}

static void wipe_password(struct password *password)
{
    km_wipe(password, sizeof *password);
}

/* ---- contents ---- */

/* At least zero; what the system says otherwise. */
static ssize_t read_some(int fd, uint8_t *buffer, size_t room)
{
    size_t done = 0;
    while (done < room) {
        ssize_t n = read(fd, buffer + done, room - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return n;
        if (n == 0)
            break;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static bool write_all(int fd, const uint8_t *buffer, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, buffer, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        buffer += n;
        length -= (size_t)n;
    }
    return true;
}

static int pump_in(int fd, const char *path, ClrfHandle file, const char *name)
{
    static uint8_t buffer[CLRF_ATOM];
    ssize_t length = read_some(fd, buffer, sizeof buffer);
    for (; length > 0; length = read_some(fd, buffer, sizeof buffer)) {
        ClrcResult result = clrfWrite(file, buffer, (size_t)length);
        if (result != CLRC_SUCCESS)
            return file_failed(result, "put", name);
    }
    km_wipe(buffer, sizeof buffer);
    return length == 0 ? EXIT_SUCCESS : refuse("%s: %s", path, strerror(errno));
}

static int put_from(int fd, const char *path, const char *name, const ClrfOptions *options)
{
    ClrfHandle file = NULL;
    ClrcResult result = clrfOpen(name, CLRF_WRITE | CLRF_REPLACE, options, &file);
    if (result != CLRC_SUCCESS)
        return file_failed(result, "put", name);
    int status = pump_in(fd, path, file, name);
    if (status == EXIT_SUCCESS) {
        result = clrfCommit(file);
        if (result == CLRC_SUCCESS)
            return status;
        status = file_failed(result, "put", name);
    }
    clrfClose(file);
    return status;
}

int cmd_file_put(const struct km_options *options, const char *operand)
{
    struct password password = {0};
    const char *path = options->in != NULL ? options->in : "standard input";
    KM_AUTO(km_fd_closep)
    int fd = options->in != NULL ? open(options->in, O_RDONLY | O_CLOEXEC)
                                 : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    if (fd < 0)
        return refuse("%s: %s", path, strerror(errno));
    if (options->in == NULL && options->password_file != NULL &&
        strcmp(options->password_file, "-") == 0)
        return complain("file put: standard input can't be both password and contents; give --in");
    if (!take_password(options, operand, &password))
        return EXIT_USAGE;
    int status = put_from(fd, path, operand, &password.options);
    wipe_password(&password);
    return status;
}

static int pump_out(ClrfHandle file, const char *name, int fd, const char *path)
{
    static uint8_t buffer[CLRF_ATOM];
    for (;;) {
        size_t length = sizeof buffer;
        ClrcResult result = clrfRead(file, buffer, &length);
        if (result != CLRC_SUCCESS)
            return file_failed(result, "get", name);
        if (!write_all(fd, buffer, length))
            return refuse("%s: %s", path, strerror(errno));
        if (length < sizeof buffer)
            break;
    }
    km_wipe(buffer, sizeof buffer);
    return EXIT_SUCCESS;
}

/* Opened before the output is made, so that a refusal leaves no empty file behind. */
static int get_to(const char *path, const char *name, const ClrfOptions *options)
{
    ClrfHandle file = NULL;
    ClrcResult result = clrfOpen(name, CLRF_READ, options, &file);
    if (result != CLRC_SUCCESS)
        return file_failed(result, "get", name);
    KM_AUTO(km_fd_closep)
    int fd = path != NULL ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)
                          : fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (path == NULL)
        path = "standard output";
    int status = fd < 0 ? refuse("%s: %s", path, strerror(errno)) : pump_out(file, name, fd, path);
    clrfClose(file);
    return status;
}

int cmd_file_get(const struct km_options *options, const char *operand)
{
    struct password password = {0};
    if (!take_password(options, operand, &password))
        return EXIT_USAGE;
    int status = get_to(options->out, operand, &password.options);
    wipe_password(&password);
    return status;
}

/* ---- names ---- */

static int list_row(void *arg, const ClrfInfo *info)
{
    cJSON *json = arg;
    bool has_password = (info->flags & CLRF_HAS_PASSWORD) != 0;
    bool is_shared = (info->flags & CLRF_SHARED) != 0;
    if (json != NULL) {
        cJSON *row = cJSON_CreateObject();
        cJSON_AddStringToObject(row, "name", info->name);
        cJSON_AddNumberToObject(row, "octets", (double)info->size);
        cJSON_AddNumberToObject(row, "made", (double)info->made);
        cJSON_AddBoolToObject(row, "password", has_password);
        cJSON_AddBoolToObject(row, "shared", is_shared);
        cJSON_AddItemToArray(json, row);
    } else {
        printf("%-36s %10llu octets%s%s\n", info->name, (unsigned long long)info->size,
               has_password ? ", password" : "", is_shared ? ", shared" : "");
    }
    return 1;
}

int cmd_file_list(const struct km_options *options, const char *operand)
{
    (void)operand;
    cJSON *json = options->json ? cJSON_CreateArray() : NULL;
    ClrcResult result = clrfList(0, NULL, list_row, json);
    if (result == CLRC_SUCCESS)
        result = clrfList(CLRF_SHARED, NULL, list_row, json);
    if (result != CLRC_SUCCESS) {
        cJSON_Delete(json);
        return file_failed(result, "list", NULL);
    }
    if (options->json)
        print_json(json);
    return EXIT_SUCCESS;
}

int cmd_file_delete(const struct km_options *options, const char *operand)
{
    struct password password = {0};
    if (!take_password(options, operand, &password))
        return EXIT_USAGE;
    ClrcResult result = clrfDelete(operand, 0, &password.options);
    wipe_password(&password);
    return result == CLRC_SUCCESS ? EXIT_SUCCESS : file_failed(result, "delete", operand);
}

int cmd_file_purge(const struct km_options *options, const char *operand)
{
    uint64_t uid = 0;
    (void)options;
    if (!parse_number(operand, 0, UINT32_MAX, 0, &uid))
        return complain("file purge: '%s' is not a uid", operand);
    ClrcResult result = clrfPurge((uint32_t)uid);
    return result == CLRC_SUCCESS ? EXIT_SUCCESS : file_failed(result, "purge", operand);
}

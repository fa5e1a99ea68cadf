/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/tunnel/place.h"

#include <string.h>

#include "common/km_bytes.h"

static km_status parse_path(struct km_err *err, const char *path, struct place *ret)
{
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof(ret->path))
        return KM_FAIL(err, KM_E_ARG, "socket path of %zu octets, 1 to %zu", len,
                       sizeof(ret->path) - 1);
    ret->kind = PLACE_UNIX;
    km_copy(ret->path, sizeof(ret->path), path, len + 1);
    return KM_OK;
}

static km_status parse_tcp(struct km_err *err, const char *text, struct place *ret)
{
    const char *colon = strrchr(text, ':');
    const char *port = colon == NULL ? text : colon + 1;
    size_t host_len = colon == NULL ? 0 : (size_t)(colon - text);
    if (host_len >= 2 && text[0] == '[' && text[host_len - 1] == ']') {
        text++;
        host_len -= 2;
    } else if (memchr(text, ':', host_len) != NULL) {
        return KM_FAIL(err, KM_E_ARG, "an address with colons stands in brackets: '%.60s'", text);
    }
    if ((colon != NULL && host_len == 0) || host_len >= sizeof(ret->host) || port[0] == '\0' ||
        strlen(port) >= sizeof(ret->port))
        return KM_FAIL(err, KM_E_ARG, "'%.60s' is not HOST:PORT, PORT or unix:PATH", text);
    ret->kind = PLACE_TCP;
    km_copy(ret->host, sizeof(ret->host) - 1, text, host_len);
    km_copy(ret->port, sizeof(ret->port), port, strlen(port) + 1);
    return KM_OK;
}

km_status place_parse(struct km_err *err, const char *text, struct place *ret)
{
    static const char unix_start[] = "unix:";
    struct place place = {0};
    km_status status = KM_OK;
    if (strcmp(text, "-") == 0)
        place.kind = PLACE_STDIO;
    else if (strcmp(text, "systemd") == 0)
        place.kind = PLACE_SYSTEMD;
    else if (strncmp(text, unix_start, sizeof(unix_start) - 1) == 0)
        status = parse_path(err, text + sizeof(unix_start) - 1, &place);
    else if (strchr(text, '/') != NULL)
        status = parse_path(err, text, &place);
    else
        status = parse_tcp(err, text, &place);
    if (status == KM_OK)
        *ret = place;
    return status;
}

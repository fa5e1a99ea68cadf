/* SPDX-License-Identifier: Apache-2.0 */
/* From a package file to a program that may run: every check, in the documented order. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/km_file.h"
#include "tee/keymoord/service.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010u
#endif

static bool look(const char *path, struct km_file_id *ret)
{
    struct stat st = {0};
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return false;
    *ret = (struct km_file_id){.dev = st.st_dev,
                               .ino = st.st_ino,
                               .size = st.st_size,
                               .mtime = st.st_mtim,
                               .ctime = st.st_ctim};
    return true;
}

/* The canonical form of the name, the 8-4-4-16 form, and both in upper case. */
static void file_name(const struct km_app *app, unsigned form, char ret[KM_UUID_TEXT_LEN])
{
    size_t len = 0;
    for (const char *at = app->text; *at != '\0'; at++) {
        char c = *at;
        if ((form & 1) != 0 && at - app->text == 23)
            continue;
        if ((form & 2) != 0 && c >= 'a' && c <= 'f')
            c = (char)(c - 'a' + 'A');
        ret[len++] = c;
    }
    ret[len] = '\0';
}

km_status km_app_find_file(struct km_err *err, struct km_app *app, struct km_file_id *ret)
{
    const struct km_options *options = &app->service->options;
    char name[KM_UUID_TEXT_LEN] = {0};
    for (size_t i = 0; i < options->n_ta_dirs; i++) {
        for (unsigned form = 0; form < 4; form++) {
            file_name(app, form, name);
            int n = snprintf(app->path, sizeof(app->path), "%s/%s.stp", options->ta_dirs[i], name);
            if (n > 0 && (size_t)n < sizeof(app->path) && look(app->path, ret))
                return KM_OK;
        }
    }
    return KM_FAIL(err, KM_E_NOTFOUND, "no package of trusted application %s is installed",
                   app->text);
}

/* Sealed before anybody sees it: what is mapped is what was verified. */
static km_status seal(struct km_err *err, struct km_slice elf, int *ret_fd)
{
    KM_AUTO(km_fd_closep)
    int fd = memfd_create("ta", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (fd < 0 && errno == EINVAL)
        fd = memfd_create("ta", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return KM_FAIL_ERRNO(err, "no memory for the program");
    for (size_t at = 0; at < elf.len;) {
        ssize_t n = write(fd, elf.ptr + at, elf.len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return KM_FAIL_ERRNO(err, "no memory for the program");
        at += (size_t)n;
    }
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
        return KM_FAIL_ERRNO(err, "can't seal the program");
    *ret_fd = km_fd_steal(&fd);
    return KM_OK;
}

/* What the TA is told about the service it runs in; the runtime knows the rest itself. */
static void put_service_properties(const struct km_service *service, struct km_wr *wr)
{
    const char *level = km_root_has_counter(&service->root) ? "100" : "0";
    char forbidden[KM_CRYPTO_POLICY_TEXT_MAX] = {0};
    km_crypto_policy_text(&service->crypto_policy, forbidden);
    const struct {
        const char *name, *value;
    } properties[] = {
        {"gpd.tee.trustedStorage.antiRollback.protectionLevel", level},
        {"gpd.tee.trustedStorage.private.rollbackProtection", level},
        {"gpd.tee.deviceID", service->device_id},
        {"org.keymoor.root", service->root.driver->name},
        {KM_CRYPTO_POLICY_PROPERTY, forbidden},
    };
    for (size_t i = 0; i < KM_ARRAY_LEN(properties); i++)
        km_ctl_property_put(wr, 'e', KM_SLICE_STR(properties[i].name),
                            KM_SLICE_STR(properties[i].value));
}

static km_status encode_properties(struct km_err *err, const struct km_app *app,
                                   const struct km_ta_package *package, struct km_loaded *loaded)
{
    char number[16] = {0};
    loaded->properties = calloc(1, KM_CTL_PROPERTIES_MAX);
    if (loaded->properties == NULL)
        return KM_FAIL(err, KM_E_NOMEM, "no memory for the properties");
    struct km_wr wr = km_wr_init(loaded->properties, KM_CTL_PROPERTIES_MAX);
    struct km_slice out = {0};
    km_ctl_property_put(&wr, 'a', KM_SLICE_STR("gpd.ta.appID"), KM_SLICE_STR(app->text));
    (void)snprintf(number, sizeof(number), "%u", package->version);
    km_ctl_property_put(&wr, 'a', KM_SLICE_STR("gpd.ta.version"), KM_SLICE_STR(number));
    (void)snprintf(number, sizeof(number), "%u", package->heap_size);
    km_ctl_property_put(&wr, 'a', KM_SLICE_STR("gpd.ta.dataSize"), KM_SLICE_STR(number));
    (void)snprintf(number, sizeof(number), "%u", package->stack_size);
    km_ctl_property_put(&wr, 'a', KM_SLICE_STR("gpd.ta.stackSize"), KM_SLICE_STR(number));
    for (size_t i = 0; i < package->n_properties; i++) {
        const struct km_ta_property *property = &package->properties[i];
        km_ctl_property_put(&wr, 'a', property->name, property->value);
    }
    put_service_properties(app->service, &wr);
    if (!km_wr_finish(&wr, &out))
        return KM_FAIL(err, KM_E_LIMIT, "the package's properties are too long");
    loaded->properties_len = out.len;
    return KM_OK;
}

static km_status check(struct km_err *err, struct km_app *app, struct km_slice bytes,
                       struct km_ta_package *package)
{
    const struct km_service *service = app->service;
    uint32_t seen = 0;
    KM_TRY(km_ta_package_parse(err, bytes, package));
    KM_TRY(km_trust_verify(err, service->trust, package));
    if (!km_uuid_equal(&package->uuid, &app->uuid))
        return KM_FAIL(err, KM_E_AUTH, "the package is of another trusted application");
    km_status status = km_version_read(err, &service->state, &app->uuid, &seen);
    if (status != KM_OK && status != KM_E_NOTFOUND)
        return status;
    app->ran_before = status == KM_OK;
    if (app->ran_before && package->version < seen)
        return KM_FAIL(err, KM_E_STALE, "the package has version %u, version %u was seen before",
                       package->version, seen);
    return km_ta_package_check(err, package);
}

km_status km_app_load(struct km_err *err, struct km_app *app, struct km_loaded *ret)
{
    struct km_ta_package package = {0};
    KM_AUTO(km_freep) uint8_t *bytes = NULL;
    size_t len = 0;
    KM_TRY(km_app_find_file(err, app, &app->file));
    KM_TRY(km_file_read(err, AT_FDCWD, app->path, KM_TA_PACKAGE_MAX, &bytes, &len));
    KM_TRY(check(err, app, KM_SLICE(bytes, len), &package));
    struct km_loaded loaded = {
        .elf_fd = -1,
        .heap = package.heap_size,
        .version = package.version,
        .single = km_ta_package_flag(&package, "gpd.ta.singleInstance", false),
        .multi = km_ta_package_flag(&package, "gpd.ta.multiSession", false),
        .keep_alive = km_ta_package_flag(&package, "gpd.ta.instanceKeepAlive", false),
        .shares = km_ta_package_flag(&package, KM_SHARE_PROPERTY, false),
    };
    km_status status = encode_properties(err, app, &package, &loaded);
    if (status == KM_OK)
        status = seal(err, package.elf, &loaded.elf_fd);
    if (status != KM_OK) {
        free(loaded.properties);
        return status;
    }
    *ret = loaded;
    return KM_OK;
}

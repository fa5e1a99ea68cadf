/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading the OpenSSL ENGINE "clrc" into a program (libclrc_util.a; link with -lcrypto). ENGINE_METHOD_... are in
 * <openssl/engine.h>.
 */
#ifndef CLRC_UTIL_H
#define CLRC_UTIL_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * clrcLoadEngine: loads the engine from `path` (the whole path of libclrc.so) and makes it the program's default for
 * `methods`, ENGINE_METHOD_ALL or a sum of the others. From then on OpenSSL does those in the trusted service, also
 * with keys that the program has in files: they are taken in, unsaved, when they are first used.
 *
 * hide_private not 0: OpenSSL's key structures get no private values from the engine, and keys that it makes or takes in
 * are not exportable. 0: keys that it makes are exportable, and their private values are in the structures, as are those
 * of named keys that may be exported. It goes for keys that are made or loaded from then on.
 *
 * Returns 1, or 0 with the reason in OpenSSL's error queue: also where this OpenSSL has no engines. It may be called
 * again with other methods, which are added, and another hide_private. Call it before other threads use OpenSSL.
 */
int clrcLoadEngine(const char *path, unsigned int methods, int hide_private);

#ifdef __cplusplus
}
#endif

#endif

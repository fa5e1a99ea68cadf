/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as the cloud's rooms read and write it: jansson, with the bounds and the comparisons that
 * they share. Nothing here keeps state but how often a thread's memory was short.
 */
#ifndef KM_CLOUD_JSON_H
#define KM_CLOUD_JSON_H

#include "common/km_bytes.h"
#include <jansson.h>

/* A text that the holder owns; also ends in a NUL that does not count. All zero: none. */
struct km_json_text {
    char *ptr;
    size_t len;
};

/* km_json_text_clear: frees; NULL and all zero are allowed. For KM_AUTO. */
void km_json_text_clear(struct km_json_text *text);

/* km_json_unref: json_decref for KM_AUTO; NULL is allowed. */
void km_json_unref(json_t **value);

/*
 * km_json_object: parses text that must be one JSON object. Containers nested deeper than max_depth
 * (the object itself is level 1), integers beyond 64 bits, other numbers beyond a double, and NUL
 * inside of strings are refused. Of keys given twice the last counts. KM_E_MALFORMED with the line
 * and column, KM_E_LIMIT for the depth, KM_E_NOMEM. (When memory is short jansson may call a text wrong
 * that is none: KM_E_MALFORMED then, too, unless it allocates by km_json_alloc.) *ret is returned owned.
 */
km_status km_json_object(struct km_err *err, struct km_slice text, unsigned max_depth,
                         json_t **ret);

/* km_json_value: the same for any JSON value; a scalar has depth 0. */
km_status km_json_value(struct km_err *err, struct km_slice text, unsigned max_depth, json_t **ret);

/*
 * km_json_alloc: malloc for json_set_alloc_funcs, in each program that reads or builds JSON. jansson goes on without some of what it
 * does not get: a string then lacks an octet, or an object a member. So who depends on a whole value compares km_json_n_short
 * before and after: so many allocations of this thread have failed.
 */
void *km_json_alloc(size_t len);
unsigned km_json_n_short(void);

/*
 * km_json_read: json_loadb; NULL also when memory was short meanwhile (compare km_json_n_short). Once km_json_alloc has failed it fails
 * until the text has ended: jansson looks for the end of a string beyond its buffer when it gets memory again after an octet was lost.
 */
json_t *km_json_read(struct km_slice text, size_t flags, json_error_t *error);

/* km_json_depth: levels of containers: 0 for a scalar, 1 for {} and []. NULL is a scalar. */
unsigned km_json_depth(const json_t *value);

/*
 * km_json_print: compact text in the order of insertion, each number in the shortest form that reads
 * back as the same one. KM_E_NOMEM, or KM_E_LIMIT when it is longer than max. *ret is returned owned.
 */
km_status km_json_print(struct km_err *err, const json_t *value, size_t max,
                        struct km_json_text *ret);

/* km_json_dump: compact text in jansson's own forms, for free(); NULL without memory for all of it, and for NULL. */
char *km_json_dump(const json_t *value);

/*
 * km_json_equal: by value: 1 equals 1.0, objects whatever their order, arrays in order. Integers
 * beyond 2^53 are compared exactly. NULL equals nothing.
 */
bool km_json_equal(const json_t *a, const json_t *b);

/*
 * km_json_compare_numbers: <0, 0 or >0; both must be numbers. Exact, whatever the two types are.
 */
int km_json_compare_numbers(const json_t *a, const json_t *b);

#endif

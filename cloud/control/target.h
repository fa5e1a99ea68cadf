/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target of a request: its path, what the path's parts stand for, and the parameters behind the question mark. Pure.
 */
#ifndef KM_TARGET_H
#define KM_TARGET_H

#include "common/km_bytes.h"

#define KM_TARGET_MAX 16384u   /* octets of a target as it comes */
#define KM_TARGET_PARTS_MAX 4u /* placeholders of a template */

/* Both still percent-encoded. */
struct km_target {
    struct km_slice path;  /* from the slash on, without . and .. and double slashes */
    struct km_slice query; /* without the question mark; may be empty */
};

/*
 * km_target_split: raw is "/path" or "/path?query". The path is put in order in buf, which has at least raw's size, as signers
 * do before they sign it; what is carried out is then what was signed. Views of buf and raw. false for any other form, for
 * octets that no target has (blanks, controls, above 126), and beyond KM_TARGET_MAX.
 */
KM_MUST_USE bool km_target_split(struct km_slice raw, struct km_span buf, struct km_target *ret);

/*
 * km_target_match: whether a path is of the template, e.g. "/things/{thingName}/principals". {x} stands for one part that is
 * not empty, {x+} at the end for all the rest. A slash at the end is not minded. Fills ret with views of the parts, still
 * encoded, KM_TARGET_PARTS_MAX at most.
 */
KM_MUST_USE bool km_target_match(const char *template, struct km_slice path,
                                 struct km_slice ret[KM_TARGET_PARTS_MAX]);

/*
 * km_target_next_parameter: takes the next one off a query or form, past empty ones; both views, still encoded. false at the end.
 */
KM_MUST_USE bool km_target_next_parameter(struct km_slice *query, struct km_slice *ret_name,
                                          struct km_slice *ret_value);

/* km_target_parameter: the first one with that name in a query or form; *ret views its value, still encoded. */
KM_MUST_USE bool km_target_parameter(struct km_slice query, const char *name, struct km_slice *ret);

/*
 * km_target_decode: undoes percent-encoding into out, with a NUL behind; is_form: + is a blank. false for a broken escape, for what is
 * not UTF-8 or has a NUL then, and when out is too small.
 */
KM_MUST_USE bool km_target_decode(struct km_slice text, bool is_form, struct km_span out,
                                  struct km_slice *ret);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Provisioning templates: what a device gets when it registers, as a plan that somebody else carries out. Pure.
 *
 * Of the language: Parameters (Type String, Default), Mappings, Resources of the types AWS::IoT::Thing, AWS::IoT::Certificate and
 * AWS::IoT::Policy, DeviceConfiguration, values that are text, {"Ref": NAME}, {"Fn::Join": [BETWEEN, LIST]}, {"Fn::Sub": "text ${NAME}"},
 * {"Fn::Select": [PLACE, LIST]} or {"Fn::FindInMap": [MAP, KEY, KEY]}; a LIST is one of values or {"Fn::Split": [BETWEEN, VALUE]}. Anything
 * else is an error: a template that is half understood would give a device something else than was meant. In a PolicyDocument no
 * parameter's value may have one of " \ * ? $ + #: who asks for a certificate chooses its name, and must not write his own policy.
 */
#ifndef KM_PROVISION_TEMPLATE_H
#define KM_PROVISION_TEMPLATE_H

#include "cloud/common/arena.h"

#define KM_TEMPLATE_TEXT_MAX 10240u
#define KM_TEMPLATE_DEPTH_MAX 12u
#define KM_TEMPLATE_VALUE_MAX 4096u /* octets that one value may become */
#define KM_TEMPLATE_POLICIES_MAX 10u
#define KM_TEMPLATE_ATTRIBUTES_MAX 50u
#define KM_TEMPLATE_GROUPS_MAX 10u
#define KM_TEMPLATE_CONFIGURATION_MAX 50u

struct km_template_pair {
    const char *name, *value;
};

/* What is done where a thing of that name has other attributes already. */
enum km_template_conflict {
    KM_TEMPLATE_FAIL = 0,
    KM_TEMPLATE_DO_NOTHING,
    KM_TEMPLATE_REPLACE,
    KM_TEMPLATE_MERGE,
};

/* Either name or document is set. */
struct km_template_policy {
    const char *resource; /* what it is called in the template */
    const char *name;
    const char *document;
};

struct km_template_plan {
    const char *thing;          /* NULL: none */
    const char *thing_resource; /* what it is called in the template */
    const char *thing_type;     /* NULL: none */
    struct km_template_pair attributes[KM_TEMPLATE_ATTRIBUTES_MAX];
    size_t n_attributes;
    enum km_template_conflict on_conflict;
    const char *groups[KM_TEMPLATE_GROUPS_MAX];
    size_t n_groups;
    /* One of these, or none: the template has no certificate. */
    const char *certificate_id;
    const char *certificate_request; /* a certificate is to be made of it */
    const char *certificate_pem;     /* is to be registered, */
    const char *ca_pem;              /* as this CA's; NULL: whosever it is */
    const char *certificate_resource;
    const char *certificate_status; /* as the template says, "ACTIVE" when it does not */
    struct km_template_policy policies[KM_TEMPLATE_POLICIES_MAX];
    size_t n_policies;
    struct km_template_pair configuration[KM_TEMPLATE_CONFIGURATION_MAX]; /* told to the device */
    size_t n_configuration;
};

/*
 * km_template_resolve: the plan for these parameters. Texts are views of the arena. KM_E_MALFORMED: the template is none, the sentence says
 * why; KM_E_NOTFOUND: a parameter without default has no value; KM_E_LIMIT; KM_E_NOMEM. Whether names are good ones whoever
 * carries it out will see.
 */
km_status km_template_resolve(struct km_err *err, struct km_arena *arena, struct km_slice text,
                              const struct km_template_pair *parameters, size_t n_parameters,
                              struct km_template_plan *ret);

/* km_template_try: whether the template is understood, whatever its parameters will be; the plan is one for some values. Fails like _resolve. */
km_status km_template_try(struct km_err *err, struct km_arena *arena, struct km_slice text,
                          struct km_template_plan *ret);

#endif

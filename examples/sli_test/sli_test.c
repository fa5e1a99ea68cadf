/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sli_test: a device at its cloud: MQTT over TLS with the device's key and certificate, messages, the device's shadow.
 * README.txt walks through it.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws_iot_config.h"
#include "mqtt.h"
#include "say.h"
#include "tests.h"

#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number

static const struct {
    const char *name;
    int (*run)(const struct test_wish *wish);
} TESTS[] = {
    {"CONNECTION", test_connection},
    {"SUBSCRIBE_PUBLISH", test_subscribe_publish},
    {"SHADOW FUNCTIONAL", test_shadow_functional},
    {"SHADOW INTEROP", test_shadow_interop},
};
#define N_TESTS (sizeof(TESTS) / sizeof(TESTS[0]))

static int usage(FILE *out)
{
    fprintf(out, "Usage: sli_test -t TEST [-h HOST] [-p PORT] [-l FILE]\n"
                 "  -h  Host Address (" AWS_IOT_MQTT_HOST ")\n"
                 "  -p  Port (" TEXT(
                     AWS_IOT_MQTT_PORT) ")\n"
                                        "  -l  Path to LED light control (" AWS_IOT_LED_PATH ")\n"
                                        "  -t  Test Type:\n");
    for (size_t i = 0; i < N_TESTS; i++)
        fprintf(out, "        %zu - %s\n", i + 1, TESTS[i].name);
    return out == stdout ? EXIT_SUCCESS : 2;
}

static void stop(int number)
{
    (void)number;
    mqtt_stop = 1;
}

static void listen_for_stop(void)
{
    struct sigaction action = {.sa_handler = stop};
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* The number of a test, counted from 0; -1: there is none of that name. */
static int test_number(const char *text)
{
    return strlen(text) == 1 && text[0] >= '1' && text[0] < '1' + (int)N_TESTS ? text[0] - '1' : -1;
}

static int run(int test, struct test_wish *wish)
{
    static struct identity own;
    if (identity_load(&own) != 0)
        return EXIT_FAILURE;
    wish->own = &own;
    printf("AWS IoT SDK Version 3.0.1- [Device ID: %s]\n", own.device_id);
    return TESTS[test].run(wish) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    struct test_wish wish = {
        .host = AWS_IOT_MQTT_HOST, .port = TEXT(AWS_IOT_MQTT_PORT), .led = AWS_IOT_LED_PATH};
    int test = -1;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    for (int option = 0; (option = getopt(argc, argv, "h:p:l:t:")) != -1;) {
        switch (option) {
        case 'h':
            wish.host = optarg;
            break;
        case 'p':
            wish.port = optarg;
            break;
        case 'l':
            wish.led = optarg;
            break;
        case 't':
            test = test_number(optarg);
            if (test >= 0)
                break;
            return usage(stderr);
        default:
            return usage(stderr);
        }
    }
    if (test < 0 || optind != argc)
        return usage(stderr);
    /* A pipe gets each line when it is made, too. */
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    listen_for_stop();
    return run(test, &wish);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What sli_test takes when -h, -p and -l do not say otherwise. */
#ifndef AWS_IOT_CONFIG_H
#define AWS_IOT_CONFIG_H

/* The endpoint: its certificate has to carry this name, and to come from the OEM cloud certificate on the device. */
#define AWS_IOT_MQTT_HOST "localhost"
#define AWS_IOT_MQTT_PORT 8883

/* The file behind the LED of test 4: "0" written into it turns it off, "1" on. */
#define AWS_IOT_LED_PATH "/sys/devices/platform/leds/leds/user/brightness"

#endif

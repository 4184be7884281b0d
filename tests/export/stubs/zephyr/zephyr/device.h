/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations as Zephyr 3.7 documents them; the devicetree has one UART, chosen for the shell. */
#ifndef STUB_DEVICE_H_INCLUDED
#define STUB_DEVICE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device;
extern const struct device stub_uart;

#define DT_HAS_CHOSEN(name) STUB_HAS_##name
#define STUB_HAS_tinysnn_uart 0
#define STUB_HAS_zephyr_shell_uart 1
#define DT_CHOSEN(name) STUB_NODE_##name
#define STUB_NODE_zephyr_shell_uart (&stub_uart)
#define DEVICE_DT_GET(node) (node)

bool device_is_ready(const struct device *dev);

#endif
